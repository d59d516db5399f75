// Passkeys: a form with data-passkey asks the browser's authenticator and is then sent with what it answered.
"use strict";
(() => {
  const supported = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!supported) return;
    form.hidden = false;
    form.addEventListener("submit", async (e) => {
      if (form.elements.credential.value) return; // the second time: it is there
      e.preventDefault();
      e.stopImmediatePropagation();
      const problem = form.querySelector("[data-problem]");
      problem.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify(await ask(form));
        form.requestSubmit();
      } catch (err) {
        problem.hidden = false;
        if (err.name !== "NotAllowedError") console.info("passkey:", err.name);
      }
    }, true);
  });

  async function ask(form) {
    const options = form.dataset.options ? JSON.parse(form.dataset.options) : await fetched(form.dataset.from);
    if (form.dataset.passkey === "make") {
      return (await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON();
    }
    return (await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();
  }

  async function fetched(address) {
    const answer = await fetch(address, { method: "POST" });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }
})();
