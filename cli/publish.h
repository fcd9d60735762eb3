// `chancery publish`: makes a draft from flags and a file, hands it to the node, and waits.
//
// What is given by a flag goes before what the file says.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chancery/client.h"
#include "cli/shared.h"

namespace chancery::cli {

struct PublishOptions {
  std::string file{};  // JSON; "-" is stdin.
  std::optional<std::string> kind{};
  std::optional<std::string> status{};
  std::optional<std::string> precedence{};
  std::optional<std::string> classification{};
  std::vector<std::string> handling{};
  std::optional<std::string> tlp{};
  std::vector<std::string> to{};
  std::vector<std::string> info{};
  std::optional<std::string> expires{};
  std::optional<std::string> subject{};
  std::optional<std::string> language{};
  std::optional<std::string> content{};  // A JSON object.
  // Notices, each by its N or what that begins with, an index or a notice id.
  std::optional<std::string> thread{};
  std::optional<std::string> in_reply_to{};
  std::optional<std::string> translation_of{};
  std::vector<std::string> supersedes{};
  std::vector<std::string> cancels{};
  std::optional<std::string> reply_by{};
  std::optional<std::string> id{};
  bool clear = false;
  std::string wait = "logged";
  std::string timeout = "30s";
};

// Throws client::Error "usage" for a word that is none. What answers another notice may be without
// recipients.
[[nodiscard]] Result<client::Draft> make_draft(const PublishOptions& options, client::Time now);

// References by their 64 digits, as `show` tells them; where there are no recipients, those of what
// is answered and its origin.
[[nodiscard]] Result<void> complete_references(
    client::Draft& draft, const std::function<client::Notice(const std::string& name)>& show);

// Prints what a notice came to, and gives the exit code for it.
[[nodiscard]] int tell_published(const client::Ticket& ticket, client::Outcome outcome,
                                 const Shared& shared);

[[nodiscard]] Result<int> run_publish(const PublishOptions& options, const Shared& shared);

}  // namespace chancery::cli
