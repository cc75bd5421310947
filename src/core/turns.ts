/** What waits to be done one after the other, workspaces in turn: who hands in most waits for himself. Pure. */

export class Turns<Item> {
  /** Whose turn comes next stands first; no line is empty. */
  readonly #lines = new Map<number, Item[]>();

  add(workspace: number, item: Item): void {
    const line = this.#lines.get(workspace);
    if (line === undefined) this.#lines.set(workspace, [item]);
    else line.push(item);
  }

  take(): Item | null {
    const [first] = this.#lines;
    if (first === undefined) return null;
    const [workspace, line] = first;
    const item = line.shift() ?? null;
    // Behind the others, where there is more.
    this.#lines.delete(workspace);
    if (line.length > 0) this.#lines.set(workspace, line);
    return item;
  }
}
