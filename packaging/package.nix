{
  lib,
  stdenv,
  fetchurl,
  patchelf,
}:

let
  version = "@VERSION@";
  targets = {
    x86_64-linux = {
      name = "linux-x64";
      sha256 = "@SHA256 linux-x64@";
    };
    aarch64-linux = {
      name = "linux-arm64";
      sha256 = "@SHA256 linux-arm64@";
    };
    x86_64-darwin = {
      name = "darwin-x64";
      sha256 = "@SHA256 darwin-x64@";
    };
    aarch64-darwin = {
      name = "darwin-arm64";
      sha256 = "@SHA256 darwin-arm64@";
    };
  };
  system = stdenv.hostPlatform.system;
  target = targets.${system} or (throw "session-memory has no executable for ${system}");
in
stdenv.mkDerivation {
  pname = "session-memory";
  inherit version;

  src = fetchurl {
    url = "https://github.com/session-memory/session-memory/releases/download/v${version}/session-memory-${version}-${target.name}.tar.gz";
    inherit (target) sha256;
  };

  nativeBuildInputs = lib.optionals stdenv.hostPlatform.isLinux [ patchelf ];

  # Stripped, the file is a plain Bun: the program is appended to it. With another library path it crashes.
  dontStrip = true;
  dontPatchELF = true;

  installPhase = ''
    runHook preInstall
    install -Dm755 session-memory $out/bin/session-memory
    cp -r share $out/
    runHook postInstall
  '';

  postFixup = lib.optionalString stdenv.hostPlatform.isLinux ''
    patchelf --set-interpreter "$(cat $NIX_CC/nix-support/dynamic-linker)" $out/bin/session-memory
  '';

  meta = {
    description = "Keeps every coding-agent session within a disk budget";
    homepage = "https://github.com/session-memory/session-memory";
    license = lib.licenses.mit;
    mainProgram = "session-memory";
    platforms = builtins.attrNames targets;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
