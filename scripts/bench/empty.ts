/** A program that does nothing, compiled as the baseline of the bench. */
export {};
