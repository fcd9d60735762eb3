// `chancery consult`: puts a text to members, answers one, and says where it stands. Protocol
// chapter 15; what is published here is a notice like any other.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/daemon.h"
#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

struct ConsultOpenOptions {
  std::vector<std::string> participants;
  std::vector<std::string> info;  // Others who are to read along.
  std::string question;
  std::string proposal;
  std::string deadline;  // A time, or from now.
  std::string notice_period = "0s";
  std::string rule;  // silence, consensus, majority
  std::optional<std::uint32_t> majority;
  bool reservations = false;
  std::string subject;
  std::string language;
  std::optional<std::string> status;
  std::optional<std::string> precedence;
  std::vector<std::string> supersedes;
  std::string timeout = "30s";
};

struct ConsultRespondOptions {
  std::string opening;
  bool agree = false;
  std::optional<std::string> reservation;  // Agree, with this one.
  bool abstain = false;
  bool object = false;
  std::string statement;
  std::string supersedes;  // An earlier response.
  std::string timeout = "30s";
};

// Of the opener.
struct ConsultExtendOptions {
  std::string opening;
  std::string deadline;
  std::string reason;
  std::string timeout = "30s";
};

struct ConsultWithdrawOptions {
  std::string opening;
  std::string reason;
  std::string timeout = "30s";
};

struct ConsultStatusOptions {
  std::string opening;  // By 8 digits of its N or more.
  DaemonOptions daemon;
};

struct ConsultListOptions {
  DaemonOptions daemon;
};

[[nodiscard]] Result<int> run_consult_open(const ConsultOpenOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_consult_respond(const ConsultRespondOptions& options,
                                              const Shared& shared);
[[nodiscard]] Result<int> run_consult_extend(const ConsultExtendOptions& options,
                                             const Shared& shared);
[[nodiscard]] Result<int> run_consult_withdraw(const ConsultWithdrawOptions& options,
                                               const Shared& shared);
// 0 for what could be told, whatever the outcome is.
[[nodiscard]] Result<int> run_consult_status(const ConsultStatusOptions& options,
                                             const Shared& shared);
// Those that were opened last.
[[nodiscard]] Result<int> run_consult_list(const ConsultListOptions& options, const Shared& shared);

}  // namespace chancery::cli
