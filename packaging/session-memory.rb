# A formula and no cask: what a cask downloads is quarantined, and the executable is not notarized.
class SessionMemory < Formula
  desc "Keeps every coding-agent session within a disk budget"
  homepage "https://github.com/session-memory/session-memory"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "https://github.com/session-memory/session-memory/releases/download/v#{version}/session-memory-#{version}-darwin-arm64.tar.gz"
      sha256 "@SHA256 darwin-arm64@"
    end
    on_intel do
      url "https://github.com/session-memory/session-memory/releases/download/v#{version}/session-memory-#{version}-darwin-x64.tar.gz"
      sha256 "@SHA256 darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/session-memory/session-memory/releases/download/v#{version}/session-memory-#{version}-linux-arm64.tar.gz"
      sha256 "@SHA256 linux-arm64@"
    end
    on_intel do
      url "https://github.com/session-memory/session-memory/releases/download/v#{version}/session-memory-#{version}-linux-x64.tar.gz"
      sha256 "@SHA256 linux-x64@"
    end
  end

  def install
    bin.install "session-memory"
    man1.install "share/man/man1/session-memory.1"
    bash_completion.install "share/bash-completion/completions/session-memory"
    zsh_completion.install "share/zsh/site-functions/_session-memory"
    fish_completion.install "share/fish/vendor_completions.d/session-memory.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/session-memory --version")
  end
end
