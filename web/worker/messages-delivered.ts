/** A macrotask later: messages that arrived meanwhile have been handled. */
export function messagesDelivered(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
