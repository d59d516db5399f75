// A page that is left before it has been shown ends its transition. That is no error, and must not be reported as one. This script is
// read before anything is shown: later it would miss the transition.
"use strict";
for (const moment of ["pageswap", "pagereveal"]) {
  addEventListener(moment, ({ viewTransition: t }) => t && [t.ready, t.finished, t.updateCallbackDone].forEach((end) => end.catch(() => {})));
}
