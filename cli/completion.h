// `chancery completion bash | zsh | fish`: a script for the shell, made from the same description
// of verbs and flags as the help. The script asks nobody: what it knows stands in it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chancery::cli {

enum class Shell : std::uint8_t { kBash, kZsh, kFish };

// What may come after a word that names a value.
struct CompletionFlag {
  std::vector<std::string> names;  // "--to", "-h".
  std::string help;
  bool takes_value = false;
  bool takes_file = false;           // Then it is a file or a folder …
  std::vector<std::string> choices;  // … or one of these, or anything.
};

struct CompletionVerb {
  std::string path;  // "/audit/verify"; empty for the command itself.
  struct Word {
    std::string name;
    std::string help;
  };
  std::vector<Word> verbs;  // That may come next.
  std::vector<CompletionFlag> flags;
  bool takes_file = false;           // As a word of its own: a file or a folder …
  std::vector<std::string> choices;  // … or one of these.
};

// The first verb is the command itself.
[[nodiscard]] std::string completion_script(const std::vector<CompletionVerb>& verbs, Shell shell);

}  // namespace chancery::cli
