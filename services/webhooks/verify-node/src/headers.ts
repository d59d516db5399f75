import { WebhookVerificationError } from "./error.js";

/**
 * The headers of a request: those of `fetch`, or an object such as Node's `IncomingHttpHeaders` or `headersDistinct`.
 * The case of the names does not matter.
 */
export type HeaderSource =
  | { get(name: string): string | null }
  | { readonly [name: string]: string | readonly string[] | undefined };

/** The header's value, or undefined when there is none. Throws (`header`) when there is more than one. */
export function header(source: HeaderSource, name: string): string | undefined {
  const values = all(source, name);
  // Node and fetch join headers that come twice with a comma and a space. None of our values holds that.
  if (values.length > 1 || values[0]?.includes(", ")) {
    throw new WebhookVerificationError("header", `The header ${name} is there more than once.`);
  }
  return values[0];
}

/** Like header, but throws (`header`) when there is none. */
export function required(source: HeaderSource, name: string): string {
  const value = header(source, name);
  if (!value) {
    throw new WebhookVerificationError("header", `The header ${name} is missing.`);
  }
  return value;
}

function all(source: HeaderSource, name: string): readonly string[] {
  if (isFetch(source)) {
    const value = source.get(name);
    return value === null ? [] : [value];
  }
  return Object.entries(source)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
}

function isFetch(source: HeaderSource): source is { get(name: string): string | null } {
  return typeof source["get" as keyof HeaderSource] === "function";
}
