#include "cli/version.h"

#include <commit.h>

#include <iostream>

#include "cli/display.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {

std::string version_line() {
  return "chancery " CHANCERY_VERSION;
}

std::string commit() {
  return CHANCERY_COMMIT;
}

Result<int> run_version(const Shared& shared) {
  if (shared.json) {
    std::cout << json_line(
                     {{"program", "chancery"}, {"version", CHANCERY_VERSION}, {"commit", commit()}})
              << "\n";
  } else {
    std::cout << version_line() << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
