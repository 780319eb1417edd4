/** Some words of BIP-39, far apart in its list. */
export const WORDS =
  'zoo wheat velvet unusual trophy toast thunder swim sugar spider solar skate shrimp satoshi rural ribbon quantum puzzle pottery piano orchard noodle mushroom lunar lizard kiwi jungle hybrid hockey guitar glimpse fossil elbow dolphin crater coyote bundle blossom banner antique'.split(
    ' ',
  );
