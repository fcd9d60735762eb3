// What all verbs of the command have in common: where the node is, and how to answer.
//
// A verb is a plain struct of options and a `run`, in cli/<verb>.{h,cpp}; its flags and help stand
// in an add_<verb>(), which sets Shared::run where the verb was named. One thread.

#pragma once

#include <functional>
#include <string>

#include "core/base/result.h"

namespace chancery::cli {

struct Shared {
  bool json = false;
  std::string exchange{};     // --exchange: the folder of a trial exchange.
  std::string member{};       // --as: whose node in it.
  std::string client_file{};  // --client: instead of the two.
  std::string context{};      // --context: a name for any of these.

  // Gives the exit code (io/os/exit_codes.h). client::Error may be thrown out of it.
  std::function<Result<int>()> run{};
};

}  // namespace chancery::cli
