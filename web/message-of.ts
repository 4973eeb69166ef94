/** The sentence that whatever was thrown has for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
