// The command line library, for cli/ alone: the one place that includes it, since it is slow to
// compile and its errors are exceptions. Daemons use daemon_args.h.

#pragma once

#include <CLI/CLI.hpp>  // IWYU pragma: export
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace chancery::args {

// Help that is the same in each run: CLI11 lists what a flag excludes by the address of its object.
class SteadyFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string label = " " + get_label("Excludes") + ":";
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::size_t at = text.find(label);
    if (at == std::string::npos) {
      return text;
    }
    std::istringstream rest(text.substr(at + label.size()));
    std::vector<std::string> names;
    for (std::string name; rest >> name;) {
      names.push_back(name);
    }
    std::ranges::sort(names);
    std::string sorted = text.substr(0, at) + label;
    for (const std::string& name : names) {
      sorted += " " + name;
    }
    return sorted;
  }
};

}  // namespace chancery::args
