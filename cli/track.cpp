#include "cli/track.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <set>
#include <thread>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "client/src/answer_json.h"
#include "client/src/errors.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

using std::chrono::milliseconds;

// Recipients state what they have within a few seconds.
constexpr milliseconds kLookAgain{500};
constexpr milliseconds kSlice{20'000};

// Tells each thing once, whichever look found it.
class Tracker {
 public:
  explicit Tracker(bool json) : json_(json) {}

  void look(client::Details details, const client::Outcome& outcome) {
    details_ = std::move(details);
    const client::Notice& notice = details_.notice;
    if (notice.own) {
      tell("queued", notice.arrived_at, "", {});
    }
    if (is_logged()) {
      tell("logged", notice.accepted_at, "", {});
    }
    if (is_witnessed()) {
      tell("witnessed", std::nullopt, "", {});
    }
    for (const client::Details::RecipientStage& said : details_.recipient_stages) {
      tell(to_string(said.stage), said.at, said.member, {});
    }
    if (is_refused()) {
      tell(state_word(details_.stage, outcome.code), std::nullopt, "", outcome);
    }
  }

  [[nodiscard]] bool is_logged() const {
    return details_.stage >= client::Stage::kLogged && details_.stage <= client::Stage::kDelivered;
  }
  [[nodiscard]] bool is_witnessed() const {
    return is_logged() && details_.stage >= client::Stage::kWitnessed;
  }
  [[nodiscard]] bool is_refused() const { return details_.stage == client::Stage::kRefused; }
  // To all recipients, as they state.
  [[nodiscard]] std::size_t delivered_count() const {
    return static_cast<std::size_t>(std::ranges::count(details_.recipient_stages,
                                                       client::Stage::kDelivered,
                                                       &client::Details::RecipientStage::stage));
  }
  [[nodiscard]] bool is_delivered() const {
    return delivered_count() >= details_.notice.recipients.size();
  }
  // Nothing more is to come that a node hears of.
  [[nodiscard]] bool is_over() const {
    return is_refused() ||
           (is_logged() && (!details_.notice.own || (is_delivered() && is_witnessed())));
  }
  [[nodiscard]] const client::Notice& notice() const { return details_.notice; }
  // Why it is not over.
  [[nodiscard]] client::ErrorParts missing(const client::Outcome& outcome) const {
    if (!is_logged() && !outcome.code.empty()) {
      return client::parts_of(outcome);
    }
    return client::parts_of(
        Error{ErrorCode::kUnknownOutcome,
              !is_logged()      ? (notice().own ? "not logged yet" : "not logged any more")
              : !is_delivered() ? "delivered to " + std::to_string(delivered_count()) + " of " +
                                      std::to_string(notice().recipients.size()) + " recipients"
                                : "no quorum of witnesses has cosigned it"});
  }

 private:
  void tell(const std::string& word, std::optional<client::Time> at, const std::string& member,
            const client::Outcome& why) {
    if (!told_.insert(word + " " + member).second) {
      return;
    }
    const bool logged = word == "logged";
    if (json_) {
      std::cout << json_line(
                       {{"id", notice().id},
                        {"notice", notice().notice},
                        {"stage", word},
                        {"at", at ? text::Json(text::time_for_programs(*at)) : text::Json(nullptr)},
                        {"index", logged ? text::Json(notice().index) : text::Json(nullptr)},
                        {"member", member.empty() ? text::Json(nullptr) : text::Json(member)},
                        {"error", why.code.empty() ? text::Json(nullptr)
                                                   : client::error_json(client::parts_of(why))}})
                << "\n"
                << std::flush;
      return;
    }
    std::string line = word + std::string(word.size() < 10 ? 10 - word.size() : 1, ' ');
    line += at ? text::time_for_people(*at) : std::string();
    line += logged ? "  index " + std::to_string(notice().index) : std::string();
    line += member.empty() ? "" : at ? "  by " + member : "by " + member;
    line += why.code.empty() ? "" : why.text + " " + why.remedy;
    std::cout << harmless(line) << "\n" << std::flush;
  }

  client::Details details_;
  bool json_;
  std::set<std::string> told_;
};

// A notice of others has no outcome here but that it is there.
client::Outcome outcome_of(client::Client& client, const client::Details& details,
                           milliseconds wait) {
  if (!details.notice.own) {
    return {};
  }
  return client.wait(details.notice.id, client::Stage::kLogged, wait);
}

}  // namespace

Result<int> run_track(const TrackOptions& options, const Shared& shared) {
  CHANCERY_TRY(const milliseconds timeout, text::parse_duration(options.timeout));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const auto end = os::steady_now() + timeout;
  const client::Details details = client.show(options.name);
  client::Outcome outcome = outcome_of(client, details, milliseconds(0));
  Tracker tracker(shared.json);
  if (options.watch) {
    end_with_reader();
  }
  tracker.look(details, outcome);
  while (options.watch && !tracker.is_over() && os::steady_now() < end && std::cout.good()) {
    if (tracker.is_logged() || !details.notice.own) {
      std::this_thread::sleep_for(kLookAgain);
    } else {
      const auto left = std::chrono::ceil<milliseconds>(end - os::steady_now());
      outcome = outcome_of(client, details, std::min(left, kSlice));
    }
    tracker.look(client.show(options.name), outcome);
  }
  if (tracker.is_refused()) {
    return os::kExitFalse;
  }
  const bool known = options.watch ? tracker.is_over() : tracker.is_logged();
  if (!known) {
    report(tracker.missing(outcome), shared.json);
  }
  return known ? os::kExitDone : os::kExitUnknown;
}

}  // namespace chancery::cli
