// chancery-man FOLDER: writes the manual pages of the command and of both daemons, as
// FOLDER/man1/chancery.1 and so on. Part of the build, not installed.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "broker/program.h"
#include "cli/verbs.h"
#include "core/base/version.h"
#include "io/args/cli11.h"
#include "io/args/man_page.h"
#include "node/program.h"

int main(int argc, char** argv) {
  using namespace chancery;
  if (argc != 2) {
    std::cerr << "usage: chancery-man FOLDER\n";
    return 64;
  }
  try {
    cli::Shared shared;
    CLI::App app;
    cli::describe_command(app, shared);
    std::vector<args::ManPage> pages =
        args::man_pages(app, std::string(kVersion), {"chancery-broker(8)", "chancery-node(8)"});
    pages.push_back(args::daemon_man_page(broker::program(), {"chancery(1)", "chancery-node(8)"}));
    pages.push_back(args::daemon_man_page(node::program(), {"chancery(1)", "chancery-broker(8)"}));
    for (const args::ManPage& page : pages) {
      const std::string section = std::to_string(page.section);
      const std::filesystem::path folder = std::filesystem::path(argv[1]) / ("man" + section);
      std::filesystem::create_directories(folder);
      std::ofstream file(folder / (page.name + "." + section));
      if (!(file << page.text << std::flush)) {
        std::cerr << "chancery-man: cannot write " << page.name << " in " << folder << "\n";
        return 1;
      }
    }
  } catch (const std::exception& error) {
    std::cerr << "chancery-man: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
