/** What whoever owns the terminal does for the screens; until then nothing. */

export interface TerminalHooks {
  /** Leaves the terminal to the shell until it comes back. */
  suspend(): Promise<void>;
  /** Takes the terminal as if it were new: its modes, its other screen, all of the frame. */
  regain(): Promise<void>;
  /** Draws all of the frame anew. */
  repaint(): void;
  /** Puts a text where a person can paste it from. */
  copyText(text: string): void;
  /** Has the terminal tell of the mouse, or not. */
  mouse(on: boolean): void;
  /** The mouse and its wheel as they were before, and as they are on the screens. */
  giveBack(): void;
  takeAgain(): void;
}

const nothing = (): void => undefined;
const later = async (): Promise<void> => undefined;

export function noTerminal(): TerminalHooks {
  return {
    suspend: later,
    regain: later,
    repaint: nothing,
    copyText: nothing,
    mouse: nothing,
    giveBack: nothing,
    takeAgain: nothing,
  };
}
