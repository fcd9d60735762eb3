#include "cli/completion.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace chancery::cli {
namespace {

using Words = std::vector<std::string>;

// In single quotes, for all three shells: help texts are ours, and may say "don't".
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

std::string joined(const Words& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : std::string(between)) + word;
  }
  return out;
}

Words paths_of(const std::vector<CompletionVerb>& verbs) {
  Words paths;
  for (const CompletionVerb& verb : verbs) {
    if (!verb.path.empty()) {
      paths.push_back(verb.path);
    }
  }
  return paths;
}

// A branch of `case` in bash and zsh; none where there is nothing to match.
std::string branch(const Words& patterns, const std::string& action) {
  return patterns.empty() ? "" : "    " + joined(patterns, " | ") + ")\n      " + action + " ;;\n";
}

// Bash and zsh differ in where the words stand and in how candidates are given.
struct Dialect {
  std::string begin;  // Sets `before`, and `line`: the words between the command and the cursor.
  std::string files;
  std::string or_files;  // Where nothing else matches.
  std::string end;
  std::string (*give)(const std::vector<CompletionVerb::Word>& words);
};

std::string give_in_bash(const std::vector<CompletionVerb::Word>& words) {
  Words names;
  for (const CompletionVerb::Word& word : words) {
    names.push_back(word.name);
  }
  return "mapfile -t COMPREPLY < <(compgen -W " + in_quotes(joined(names, " ")) + " -- \"$cur\")";
}

std::string give_in_zsh(const std::vector<CompletionVerb::Word>& words) {
  std::string out = "found=(";
  for (const CompletionVerb::Word& word : words) {
    std::string name = word.name;
    for (std::size_t at = 0; (at = name.find(':', at)) != std::string::npos; at += 2) {
      name.insert(at, "\\");
    }
    out += in_quotes(name + ":" + word.help) + " ";
  }
  return out + "); _describe 'chancery' found";
}

const Dialect& dialect_of(Shell shell) {
  static const Dialect bash{
      .begin =
          "# Completion of chancery for bash.\n"
          "_chancery() {\n"
          "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
          "  local line=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\") path='' word\n"
          "  COMPREPLY=()\n",
      .files = "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return",
      .or_files = "; compopt -o default",
      .end = "}\ncomplete -F _chancery chancery\n",
      .give = give_in_bash};
  static const Dialect zsh{.begin =
                               "#compdef chancery\n"
                               "_chancery() {\n"
                               "  local before=\"${words[CURRENT-1]}\" route='' word\n"
                               "  local -a line found\n"
                               "  line=(\"${(@)words[2,CURRENT-1]}\")\n",
                           .files = "_files; return",
                           .or_files = " || _files",
                           // compinit loads the file by the first Tab, which it is to answer.
                           .end =
                               "}\nif [[ $funcstack[1] == _chancery ]]; then\n"
                               "  _chancery \"$@\"\nelse\n  compdef _chancery chancery\nfi\n",
                           .give = give_in_zsh};
  return shell == Shell::kBash ? bash : zsh;
}

std::vector<CompletionVerb::Word> words_of(const Words& choices) {
  std::vector<CompletionVerb::Word> words;
  for (const std::string& choice : choices) {
    words.push_back({choice, ""});
  }
  return words;
}

// All that may stand where no value is asked for.
std::vector<CompletionVerb::Word> words_of(const CompletionVerb& verb) {
  std::vector<CompletionVerb::Word> words = verb.verbs;
  for (const CompletionFlag& flag : verb.flags) {
    for (const std::string& name : flag.names) {
      words.push_back({name, flag.help});
    }
  }
  return words;
}

// What to do where the value of this flag comes; nothing where it takes none.
std::string action_of(const CompletionFlag& flag, const Dialect& dialect) {
  if (flag.takes_file) {
    return dialect.files;
  }
  if (!flag.choices.empty()) {
    return dialect.give(words_of(flag.choices)) + "; return";
  }
  return flag.takes_value ? "return" : "";
}

// A branch for each action, and in it the places where it is taken: "/publish --to".
std::string value_branches(const std::vector<CompletionVerb>& verbs, const Dialect& dialect) {
  std::map<std::string, Words> places;
  for (const CompletionVerb& verb : verbs) {
    for (const CompletionFlag& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        places[action_of(flag, dialect)].push_back(in_quotes(verb.path + " " + name));
      }
    }
  }
  places.erase("");
  std::string out;
  for (const auto& [action, patterns] : places) {
    out += branch(patterns, action);
  }
  return out;
}

std::string posix_script(const std::vector<CompletionVerb>& verbs, Shell shell) {
  const Dialect& dialect = dialect_of(shell);
  // zsh ties `path` to PATH.
  const std::string path = shell == Shell::kZsh ? "route" : "path";
  std::string out = dialect.begin;
  out += "  for word in \"${line[@]}\"; do\n    case \"$" + path + "/$word\" in\n";
  out += branch(paths_of(verbs), path + "=\"$" + path + "/$word\"");
  out += "    esac\n  done\n  case \"$" + path + " $before\" in\n";
  out += value_branches(verbs, dialect);
  out += "  esac\n  case \"$" + path + "\" in\n";
  for (const CompletionVerb& verb : verbs) {
    std::vector<CompletionVerb::Word> words = words_of(verb);
    std::ranges::copy(words_of(verb.choices), std::back_inserter(words));
    out += branch({in_quotes(verb.path)},
                  dialect.give(words) + (verb.takes_file ? dialect.or_files : ""));
  }
  return out + "  esac\n" + dialect.end;
}

std::string fish_script(const std::vector<CompletionVerb>& verbs) {
  std::string out =
      "# Completion of chancery for fish.\n"
      "function __chancery_path\n"
      "  set -l route ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$route/$word\"\n"
      "      case " +
      joined(paths_of(verbs), " ") +
      "\n        set route \"$route/$word\"\n    end\n  end\n  echo \"$route\"\nend\n"
      "complete -c chancery -f\n";
  for (const CompletionVerb& verb : verbs) {
    const std::string here =
        "complete -c chancery -n \"test (__chancery_path) = " + in_quotes(verb.path) + "\" ";
    for (const CompletionVerb::Word& word : verb.verbs) {
      out += here + "-a " + word.name + " -d " + in_quotes(word.help) + "\n";
    }
    if (!verb.choices.empty()) {
      out += here + "-a " + in_quotes(joined(verb.choices, " ")) + "\n";
    }
    if (verb.takes_file) {
      out += here + "-F\n";
    }
    for (const CompletionFlag& flag : verb.flags) {
      out += here;
      for (const std::string& name : flag.names) {
        out += name.starts_with("--") ? "-l " + name.substr(2) + " " : "-s " + name.substr(1) + " ";
      }
      out += flag.takes_file ? "-r -F " : flag.takes_value ? "-x " : "";
      out += flag.choices.empty() ? "" : "-a " + in_quotes(joined(flag.choices, " ")) + " ";
      out += "-d " + in_quotes(flag.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const std::vector<CompletionVerb>& verbs, Shell shell) {
  return shell == Shell::kFish ? fish_script(verbs) : posix_script(verbs, shell);
}

}  // namespace chancery::cli
