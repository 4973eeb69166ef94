/** The sentence that whatever was thrown has for a person. */
export function messageOf(error: unknown): string {
  return sentence(error instanceof Error ? error.message : String(error));
}

/**
 * The library's errors begin in lower case and end without a stop, to be quoted within others.
 * What begins with a name, such as `config.json` or `logit_scale`, keeps it as it is.
 */
function sentence(text: string): string {
  const begun = /^\p{Ll}+[\s,:]/u.test(text)
    ? text.slice(0, 1).toUpperCase() + text.slice(1)
    : text;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
