// Manual pages, man(7), of what a command line was described as to the library: the source of
// --help is the source of the page, so that neither knows more than the other.
//
// A footer is taken apart as ours are written: the paragraph "Examples:", what comes from a line
// that begins with "Exit" on, and the rest, which is prose. There is no date in a page: it is the
// same in every build. One thread.

#pragma once

#include <string>
#include <vector>

#include "io/args/daemon_args.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name.
class App;
}  // namespace CLI

namespace chancery::args {

struct ManPage {
  std::string name;  // "chancery-audit"
  int section = 1;
  std::string text;
};

// Of a command, and of each of its verbs; the verbs of a group stand in the group's page.
[[nodiscard]] std::vector<ManPage> man_pages(const CLI::App& command, const std::string& version,
                                             const std::vector<std::string>& see_also);

// chancery-node(8) and so on.
[[nodiscard]] ManPage daemon_man_page(const Program& program,
                                      const std::vector<std::string>& see_also);

}  // namespace chancery::args
