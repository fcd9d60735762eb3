#include "cli/outbox.h"

#include <iostream>
#include <optional>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/report.h"
#include "client/src/answer_json.h"
#include "core/base/encoding.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

Result<std::vector<client::Stage>> stages_of(const std::vector<std::string>& words) {
  std::vector<client::Stage> stages;
  for (const std::string& word : words) {
    const std::optional<client::Stage> stage = client::outbox_stage(word);
    if (!stage.has_value()) {
      return fail(ErrorCode::kUsage, client::no_outbox_stage(word));
    }
    stages.push_back(*stage);
  }
  return stages.empty() ? std::vector{client::Stage::kQueued, client::Stage::kRefused} : stages;
}

// By its id, whatever it was named by.
Result<std::string> id_of(client::Client& client, const std::string& name) {
  if (name.find('-') == std::string::npos) {
    return client.show(name).notice.id;
  }
  if (!from_uuid_text(name).has_value()) {
    return fail(ErrorCode::kUsage, "'" + name +
                                       "' is no notice id, which is written 8-4-4-4-12 as "
                                       "01890a5d-ac96-774b-bcce-b302099a8057");
  }
  return name;
}

Result<int> decide(const OutboxNoticeOptions& options, const Shared& shared,
                   client::Outcome (client::Client::*decision)(const std::string& id)) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY(const std::string id, id_of(client, options.name));
  const client::Outcome outcome = (client.*decision)(id);
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
  return decide(options, shared, &client::Client::cancel);
}

Result<int> run_outbox_retry(const OutboxNoticeOptions& options, const Shared& shared) {
  return decide(options, shared, &client::Client::retry);
}

}  // namespace chancery::cli
