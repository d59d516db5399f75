// The functions that the French rules define in XSLT, which node-schematron does not know. They are taken from the rules
// as they are: each has parameters, variables and one result, all in XPath.
import fontoxpath from "fontoxpath";
import schematron from "node-schematron";
import { parseXmlDocument } from "slimdom";

const { evaluateXPathToBoolean, evaluateXPathToNodes } = fontoxpath;

const XSLT = "http://www.w3.org/1999/XSL/Transform";

/** Makes every xsl:function of the schematron known to XPath. */
export function defineFunctions(rules) {
  const root = parseXmlDocument(rules).documentElement;
  const prefixes = new Map([["xsl", XSLT]]);
  for (const ns of children(root, "http://purl.oclc.org/dsdl/schematron", "ns")) {
    prefixes.set(ns.getAttribute("prefix"), ns.getAttribute("uri"));
  }
  const options = { namespaceResolver: (prefix) => prefixes.get(prefix) ?? null };
  for (const element of evaluateXPathToNodes("//xsl:function", root, null, {}, options)) define(element, prefixes, options);
}

function define(element, prefixes, options) {
  const [prefix, localName] = element.getAttribute("name").split(":");
  const params = children(element, XSLT, "param");
  const variables = children(element, XSLT, "variable");
  const [result] = children(element, XSLT, "sequence");
  schematron.registerCustomXPathFunction(
    { namespaceURI: prefixes.get(prefix), localName },
    params.map((param) => param.getAttribute("as")),
    element.getAttribute("as"),
    (_, ...values) => {
      const known = Object.fromEntries(params.map((param, i) => [param.getAttribute("name"), values[i]]));
      const lets = variables.map((variable) => `$${variable.getAttribute("name")} := (${variable.getAttribute("select")})`);
      const body = result.getAttribute("select");
      const xpath = lets.length ? `let ${lets.join(", ")} return (${body})` : body;
      // The engine knows no variables with a prefix; within one function the names are different without it, too.
      return evaluateXPathToBoolean(xpath.replaceAll(`$${prefix}:`, "$"), null, null, known, options);
    },
  );
}

function children(element, namespace, name) {
  return element.childNodes.filter((node) => node.namespaceURI === namespace && node.localName === name);
}
