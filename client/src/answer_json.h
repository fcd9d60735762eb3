// What the library answers, as JSON, and what a reader asks for. Inner to client/ and the command:
// the same fields for both. docs/reference/cli.md and docs/reference/client.md document them.
//
// No state, any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chancery/client.h"
#include "client/src/session.h"
#include "core/base/result.h"
#include "io/text/json.h"

namespace chancery::client {

// The keys are the fields of InboxQuery. kUnknownField, kMalformed. "since" may be a duration
// before `now`.
[[nodiscard]] Result<InboxQuery> query_from_json(std::string_view json, Time now);

// A stage by which the outbox can be asked, and what to say of a word that is none.
[[nodiscard]] std::optional<Stage> outbox_stage(std::string_view word);
[[nodiscard]] std::string no_outbox_stage(std::string_view word);
// The same as query_from_json(), of OutboxQuery.
[[nodiscard]] Result<OutboxQuery> outbox_query_from_json(std::string_view json);

// {"drafts": […]}; one that cannot be read is its own error.
[[nodiscard]] Result<std::vector<std::variant<Draft, ErrorParts>>> drafts_from_json(
    std::string_view json, Time now);
// Of a batch the answer is as long as a program has notices to publish: written as it comes.
[[nodiscard]] std::string results_line(const std::vector<PublishResult>& results);

// A page of a cursor as page_line() gives it, or so much of it as says what is done with.
[[nodiscard]] Result<PageDone> page_done_from_json(std::string_view json);
[[nodiscard]] Result<NackOrder> nack_from_json(std::string_view json);
[[nodiscard]] Result<DeferredQuery> deferred_query_from_json(std::string_view json);
[[nodiscard]] Result<RedriveOrder> redrive_from_json(std::string_view json);

[[nodiscard]] text::Json deferrals_json(const std::vector<Deferral>& deferrals);
[[nodiscard]] text::Json deferred_json(const DeferredPage& page);
[[nodiscard]] text::Json deferred_entry_json(const DeferredEntry& entry);
// Of a page the answer is as long as there are notices: on one line, harmless, without a tree.
// `more` is what the command says besides.
[[nodiscard]] std::string page_line(const Page& page, std::optional<bool> more = std::nullopt);
[[nodiscard]] text::Json published_json(const Published& published);
[[nodiscard]] text::Json outcome_json(const Outcome& outcome);
[[nodiscard]] text::Json outbox_json(const OutboxPage& page);
[[nodiscard]] text::Json outbox_entry_json(const OutboxEntry& entry);
[[nodiscard]] text::Json cursors_json(const Cursors& cursors);
[[nodiscard]] text::Json stats_json(const Stats& stats);
[[nodiscard]] text::Json kind_json(const Kind& kind);
[[nodiscard]] text::Json kinds_json(const std::vector<Kind>& kinds);
[[nodiscard]] text::Json error_json(const ErrorParts& error);

// Why it is not as asked, as an error.
[[nodiscard]] ErrorParts parts_of(const Outcome& outcome);

}  // namespace chancery::client
