/** Which screen is shown and what an event makes of it. Pure. */

export type Screen = { readonly kind: 'dashboard' } | { readonly kind: 'done' };

export type Event = { readonly kind: 'quit' };

export function step(state: Screen, event: Event): Screen {
  switch (event.kind) {
    case 'quit':
      return state.kind === 'done' ? state : { kind: 'done' };
    default:
      return event.kind satisfies never;
  }
}
