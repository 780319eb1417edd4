/**
 * What is made of a value is made once: a list of a hundred thousand sessions is not added up anew at each key.
 * It is forgotten with the value.
 */
export function once<Of extends object, Made>(make: (of: Of) => Made): (of: Of) => Made {
  const made = new WeakMap<Of, { readonly made: Made }>();
  return (of) => {
    const known = made.get(of) ?? { made: make(of) };
    made.set(of, known);
    return known.made;
  };
}
