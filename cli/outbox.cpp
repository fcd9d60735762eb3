#include "cli/outbox.h"

#include <algorithm>
#include <iostream>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/report.h"
#include "client/src/answer_json.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

Result<std::vector<client::Stage>> stages_of(const std::vector<std::string>& words) {
  std::vector<client::Stage> stages;
  for (const std::string& word : words) {
    if (word == "queued") {
      stages.push_back(client::Stage::kQueued);
    } else if (word == "logged") {
      stages.push_back(client::Stage::kLogged);
    } else if (word == "refused") {
      stages.push_back(client::Stage::kRefused);
    } else {
      return fail(ErrorCode::kUsage, "'" + word + "' is none of queued, logged, refused");
    }
  }
  return stages.empty() ? std::vector{client::Stage::kQueued, client::Stage::kRefused} : stages;
}

// By its id, whatever it was named by.
std::string id_of(client::Client& client, const std::string& name) {
  return name.find('-') != std::string::npos ? name : client.show(name).notice.id;
}

Result<int> show_decision(const std::string& id, const client::Outcome& outcome,
                          const Shared& shared) {
  if (shared.json) {
    text::Json json = client::outcome_json(outcome);
    json["id"] = id;
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << harmless(state_word(outcome.stage, outcome.code)) << "  " << harmless(id) << "\n";
  }
  return os::kExitDone;
}

}  // namespace

Result<int> run_outbox_list(const OutboxListOptions& options, const Shared& shared) {
  client::OutboxQuery query;
  CHANCERY_TRY(query.stages, stages_of(options.stages));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  text::Json notices = text::Json::array();
  while (true) {
    const client::OutboxPage page = client.outbox(query);
    for (const client::OutboxEntry& entry : page.entries) {
      if (shared.json) {
        notices.push_back(client::outbox_entry_json(entry));
      } else {
        std::cout << outbox_line(entry) << "\n";
      }
    }
    if (page.last || !std::cout.flush()) {
      break;
    }
    query.after = page.next_after;
  }
  if (shared.json) {
    std::cout << json_line({{"notices", std::move(notices)}}) << "\n";
  }
  return os::kExitDone;
}

Result<int> run_outbox_cancel(const OutboxNoticeOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const std::string id = id_of(client, options.name);
  return show_decision(id, client.cancel(id), shared);
}

Result<int> run_outbox_retry(const OutboxNoticeOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const std::string id = id_of(client, options.name);
  return show_decision(id, client.retry(id), shared);
}

}  // namespace chancery::cli
