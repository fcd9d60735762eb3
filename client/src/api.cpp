// chancery.h: arguments are checked, JSON becomes structures and back, and nothing is thrown out.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "chancery/chancery.h"
#include "client/src/answer_json.h"
#include "client/src/errors.h"
#include "client/src/handles.h"
#include "client/src/json_reader.h"
#include "client/src/kinds.h"
#include "client/src/notice_json.h"
#include "client/src/options.h"
#include "client/src/session.h"
#include "core/base/result.h"
#include "core/crypto/secret.h"
#include "io/os/clock.h"
#include "io/text/harmless.h"

namespace client = chancery::client;
using chancery::ErrorCode;
using chancery::client::value_or_throw;

struct chancery_error {
  client::ErrorParts parts;
};

struct chancery_options {
  client::Options options;
};

namespace {

constexpr std::uint32_t version_number(std::string_view version) {
  std::uint32_t parts[3] = {0, 0, 0};
  std::size_t at = 0;
  for (const char c : version) {
    if (c == '.') {
      ++at;
    } else {
      parts[at] = parts[at] * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}
static_assert(version_number(CHANCERY_VERSION) == CHANCERY_HEADER_VERSION,
              "chancery.h is of another release than the project");

// The first release's: up to timeout_count.
constexpr std::size_t kStatisticsBytesMin =
    offsetof(chancery_statistics, timeout_count) + sizeof(std::uint64_t);
static_assert(sizeof(chancery_statistics) == 48, "a field may be added only at the end");

client::ErrorParts parts_of(ErrorCode code, std::string detail) {
  return client::parts_of(chancery::Error{code, std::move(detail)});
}

// There is always one more, for when there is no memory to make one.
chancery_error* no_memory() {
  static chancery_error error{parts_of(ErrorCode::kUnavailable, "out of memory")};
  return &error;
}

template <class Work>
chancery_error* guarded(Work work) noexcept {
  try {
    try {
      work();
      return nullptr;
    } catch (const client::Error& error) {
      return new chancery_error{error.parts()};
    } catch (const std::bad_alloc&) {
      return no_memory();
    } catch (const std::exception& error) {
      return new chancery_error{parts_of(ErrorCode::kInternal, error.what())};
    }
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

[[noreturn]] void bad_argument(std::string detail) {
  throw client::Error(parts_of(ErrorCode::kBadArgument, std::move(detail)));
}

void require(const void* argument, const char* name) {
  if (argument == nullptr) {
    bad_argument(std::string(name) + " is NULL");
  }
}

// The text of an argument; longer than any document may be, it is not read to its end.
std::string_view text_in(const char* text, const char* name) {
  require(text, name);
  const std::size_t size = ::strnlen(text, client::kDocumentBytesMax + 1);
  if (size > client::kDocumentBytesMax) {
    throw client::Error(
        parts_of(ErrorCode::kLimitExceeded, std::string(name) + " has more than 4 MiB"));
  }
  return {text, size};
}

// NULL until the call has succeeded.
template <class T>
void begin_out(T** out, const char* name) {
  require(static_cast<const void*>(out), name);
  *out = nullptr;
}

void text_out(char** out, const std::string& text) {
  auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) {
    throw std::bad_alloc();
  }
  std::memcpy(copy, text.c_str(), text.size() + 1);
  *out = copy;
}

void json_out(char** out, const chancery::text::Json& json) {
  text_out(out, chancery::text::json_line(json));
}

std::shared_ptr<client::Session> session_of(chancery_client* handle) {
  return value_or_throw(client::session_of(handle));
}

client::Stage stage_from(std::string_view word) {
  for (const client::Stage stage : {client::Stage::kQueued, client::Stage::kLogged,
                                    client::Stage::kWitnessed, client::Stage::kDelivered}) {
    if (client::to_string(stage) == word) {
      return stage;
    }
  }
  bad_argument("stage '" + std::string(word) + "' is none of queued, logged, witnessed, delivered");
}

std::chrono::milliseconds timeout_of(std::uint64_t timeout_ms) {
  return std::chrono::milliseconds(std::min<std::uint64_t>(timeout_ms, INT64_MAX));
}

void outcome_out(const client::Outcome& known, int* verdict, char** outcome) {
  if (outcome != nullptr) {
    json_out(outcome, client::outcome_json(known));
  }
  if (verdict != nullptr) {
    *verdict = static_cast<int>(known.verdict);
  }
}

void page_out(chancery_client* handle, const std::string& cursor, const char* query,
              chancery_position* next, char** page) {
  const std::string_view json = query == nullptr ? "{}" : text_in(query, "query");
  const client::Page read = session_of(handle)->page(
      cursor, value_or_throw(client::query_from_json(json, chancery::os::time_now())));
  text_out(page, client::page_line(read));
  if (next != nullptr) {
    *next = {read.next.arrival, read.next.arrival_urgent};
  }
}

void position_out(chancery_position* out, const client::Position& position) {
  if (out != nullptr) {
    *out = {position.arrival, position.arrival_urgent};
  }
}

std::string cursor_in(const char* cursor) {
  std::string name(text_in(cursor, "cursor"));
  if (name.empty()) {
    bad_argument("cursor is empty");
  }
  return name;
}

const char* text_of(const chancery_error* error, std::string client::ErrorParts::* member) {
  return error == nullptr ? "" : (error->parts.*member).c_str();
}

}  // namespace

uint32_t chancery_version_number() {
  return CHANCERY_HEADER_VERSION;
}

const char* chancery_version() {
  return CHANCERY_VERSION;
}

void chancery_free(char* text) {
  std::free(text);
}

uint32_t chancery_error_number(const chancery_error* error) {
  return error == nullptr ? 0 : error->parts.number;
}

const char* chancery_error_name(const chancery_error* error) {
  return text_of(error, &client::ErrorParts::name);
}

const char* chancery_error_text(const chancery_error* error) {
  return text_of(error, &client::ErrorParts::text);
}

const char* chancery_error_detail(const chancery_error* error) {
  return text_of(error, &client::ErrorParts::detail);
}

const char* chancery_error_remedy(const chancery_error* error) {
  return text_of(error, &client::ErrorParts::remedy);
}

int chancery_error_retryable(const chancery_error* error) {
  return error != nullptr && error->parts.retryable ? 1 : 0;
}

const char* chancery_error_notice_id(const chancery_error* error) {
  return text_of(error, &client::ErrorParts::notice_id);
}

uint64_t chancery_error_retry_after_ms(const chancery_error* error) {
  return error == nullptr ? 0 : static_cast<std::uint64_t>(error->parts.retry_after.count());
}

void chancery_error_free(chancery_error* error) {
  if (error != no_memory()) {
    delete error;
  }
}

chancery_error* chancery_error_make(const char* name, const char* detail) {
  return guarded([&] {
    const std::string_view wanted = text_in(name, "name");
    const std::string given(detail == nullptr ? "" : text_in(detail, "detail"));
    for (const chancery::ErrorInfo& info : chancery::error_table()) {
      if (info.name == wanted) {
        throw client::Error(parts_of(info.code, given));
      }
    }
    throw client::Error(parts_of(ErrorCode::kInternal, std::string(wanted) + ": " + given));
  });
}

chancery_error* chancery_options_new(chancery_options** options) {
  return guarded([&] {
    begin_out(options, "options");
    *options = new chancery_options;
  });
}

chancery_error* chancery_options_from_file(const char* path, chancery_options** options) {
  return guarded([&] {
    begin_out(options, "options");
    const std::string file(text_in(path, "path"));
    *options = new chancery_options{value_or_throw(client::read_options(file))};
  });
}

chancery_error* chancery_options_set(chancery_options* options, const char* name,
                                     const char* value) {
  return guarded([&] {
    require(options, "options");
    value_or_throw(
        client::set_option(options->options, text_in(name, "name"), text_in(value, "value")));
  });
}

chancery_error* chancery_options_get(const chancery_options* options, const char* name,
                                     char** value) {
  return guarded([&] {
    require(options, "options");
    begin_out(value, "value");
    std::string text = value_or_throw(client::get_option(options->options, text_in(name, "name")));
    const chancery::crypto::WipeAtEnd wipe(text);
    text_out(value, text);
  });
}

void chancery_options_free(chancery_options* options) {
  if (options != nullptr) {
    chancery::crypto::wipe(options->options.key);
    delete options;
  }
}

chancery_error* chancery_open(const chancery_options* options, chancery_client** client) {
  return guarded([&] {
    require(options, "options");
    begin_out(client, "client");
    *client = client::add_handle(std::make_shared<client::Session>(options->options));
  });
}

void chancery_close(chancery_client* client) {
  chancery_error_free(guarded([&] {
    if (const auto session = client::remove_handle(client)) {
      session->close();
    }
  }));
}

chancery_error* chancery_new_notice_id(char** id) {
  return guarded([&] {
    begin_out(id, "id");
    text_out(id, client::make_notice_id());
  });
}

chancery_error* chancery_publish(chancery_client* client, const char* draft, char** ticket) {
  return guarded([&] {
    begin_out(ticket, "ticket");
    const auto session = session_of(client);
    json_out(ticket, client::published_json(session->publish(value_or_throw(client::draft_from_json(
                         text_in(draft, "draft"), "draft", chancery::os::time_now())))));
  });
}

chancery_error* chancery_acknowledge(chancery_client* client, const char* name, const char* level,
                                     const char* remark, char** ticket) {
  return guarded([&] {
    begin_out(ticket, "ticket");
    const auto session = session_of(client);
    const std::string notice(text_in(name, "name"));
    const std::string_view word = text_in(level, "level");
    if (word != "read" && word != "actioned") {
      throw client::Error(client::parts_of(
          chancery::Error{chancery::ErrorCode::kBadArgument,
                          "level is '" + std::string(word) + "', not read or actioned"}));
    }
    const std::string said(remark == nullptr ? "" : text_in(remark, "remark"));
    json_out(ticket,
             client::published_json(session->acknowledge(
                 notice, word == "read" ? client::Stage::kRead : client::Stage::kActioned, said)));
  });
}

chancery_error* chancery_publish_batch(chancery_client* client, const char* drafts,
                                       char** results) {
  return guarded([&] {
    begin_out(results, "results");
    const auto session = session_of(client);
    auto batch = value_or_throw(
        client::drafts_from_json(text_in(drafts, "drafts"), chancery::os::time_now()));
    text_out(results, client::results_line(session->publish_batch(std::move(batch))));
  });
}

chancery_error* chancery_wait(chancery_client* client, const char* id, const char* stage,
                              uint64_t timeout_ms, int* verdict, char** outcome) {
  return guarded([&] {
    if (outcome != nullptr) {
      *outcome = nullptr;
    }
    const auto session = session_of(client);
    const std::string notice_id(text_in(id, "id"));
    outcome_out(
        session->wait(notice_id, stage_from(text_in(stage, "stage")), timeout_of(timeout_ms)),
        verdict, outcome);
  });
}

chancery_error* chancery_publish_until(chancery_client* client, const char* draft,
                                       const char* stage, uint64_t timeout_ms, char** ticket,
                                       int* verdict, char** outcome) {
  return guarded([&] {
    begin_out(ticket, "ticket");
    if (outcome != nullptr) {
      *outcome = nullptr;
    }
    const auto session = session_of(client);
    const auto [published, known] =
        session->publish_until(value_or_throw(client::draft_from_json(
                                   text_in(draft, "draft"), "draft", chancery::os::time_now())),
                               stage_from(text_in(stage, "stage")), timeout_of(timeout_ms));
    char* made = nullptr;  // Given once there is the outcome as well.
    json_out(&made, client::published_json(published));
    std::unique_ptr<char, decltype(&chancery_free)> owner(made, &chancery_free);
    outcome_out(known, verdict, outcome);
    *ticket = owner.release();
  });
}

chancery_error* chancery_inbox(chancery_client* client, const char* query, chancery_position* next,
                               char** page) {
  return guarded([&] {
    begin_out(page, "page");
    page_out(client, "", query, next, page);
  });
}

chancery_error* chancery_read(chancery_client* client, const char* cursor, const char* query,
                              chancery_position* next, char** page) {
  return guarded([&] {
    begin_out(page, "page");
    page_out(client, cursor_in(cursor), query, next, page);
  });
}

chancery_error* chancery_commit(chancery_client* client, const char* cursor,
                                const chancery_position* done, chancery_position* stands) {
  return guarded([&] {
    require(done, "done");
    const std::string name(text_in(cursor, "cursor"));
    position_out(stands, session_of(client)->commit(name, {done->arrival, done->arrival_urgent}));
  });
}

chancery_error* chancery_ack(chancery_client* client, const char* cursor, const char* page,
                             chancery_position* stands) {
  return guarded([&] {
    const std::string name = cursor_in(cursor);
    const client::PageDone done =
        value_or_throw(client::page_done_from_json(text_in(page, "page")));
    position_out(stands, session_of(client)->ack(name, done));
  });
}

chancery_error* chancery_nack(chancery_client* client, const char* cursor, const char* nack,
                              char** deferrals) {
  return guarded([&] {
    begin_out(deferrals, "deferrals");
    const std::string name = cursor_in(cursor);
    const client::NackOrder order = value_or_throw(client::nack_from_json(text_in(nack, "nack")));
    json_out(deferrals, client::deferrals_json(session_of(client)->nack(name, order)));
  });
}

chancery_error* chancery_deferred(chancery_client* client, const char* cursor, const char* query,
                                  char** page) {
  return guarded([&] {
    begin_out(page, "page");
    const std::string name = cursor_in(cursor);
    const std::string_view json = query == nullptr ? "{}" : text_in(query, "query");
    const client::DeferredQuery asked = value_or_throw(client::deferred_query_from_json(json));
    json_out(page, client::deferred_json(session_of(client)->deferred(name, asked)));
  });
}

chancery_error* chancery_redrive(chancery_client* client, const char* cursor, const char* which,
                                 uint64_t* count) {
  return guarded([&] {
    const std::string name = cursor_in(cursor);
    const client::RedriveOrder order =
        value_or_throw(client::redrive_from_json(text_in(which, "which")));
    const std::uint64_t redriven = session_of(client)->redrive(name, order);
    if (count != nullptr) {
      *count = redriven;
    }
  });
}

chancery_error* chancery_outbox(chancery_client* client, const char* query, char** page) {
  return guarded([&] {
    begin_out(page, "page");
    const std::string_view json = query == nullptr ? "{}" : text_in(query, "query");
    const client::OutboxQuery asked = value_or_throw(client::outbox_query_from_json(json));
    json_out(page, client::outbox_json(session_of(client)->outbox(asked)));
  });
}

chancery_error* chancery_cancel(chancery_client* client, const char* id, char** outcome) {
  return guarded([&] {
    begin_out(outcome, "outcome");
    const std::string notice_id(text_in(id, "id"));
    json_out(outcome, client::outcome_json(session_of(client)->cancel(notice_id)));
  });
}

chancery_error* chancery_retry(chancery_client* client, const char* id, char** outcome) {
  return guarded([&] {
    begin_out(outcome, "outcome");
    const std::string notice_id(text_in(id, "id"));
    json_out(outcome, client::outcome_json(session_of(client)->retry(notice_id)));
  });
}

chancery_error* chancery_cursors(chancery_client* client, char** cursors) {
  return guarded([&] {
    begin_out(cursors, "cursors");
    json_out(cursors, client::cursors_json(session_of(client)->cursors()));
  });
}

chancery_error* chancery_reset(chancery_client* client, const char* cursor,
                               const chancery_position* to, chancery_position* stands) {
  return guarded([&] {
    require(to, "to");
    const std::string name(text_in(cursor, "cursor"));
    position_out(stands, session_of(client)->reset(name, {to->arrival, to->arrival_urgent}));
  });
}

chancery_error* chancery_show(chancery_client* client, const char* name, char** details) {
  return guarded([&] {
    begin_out(details, "details");
    const std::string wanted(text_in(name, "name"));
    json_out(details, client::details_json(session_of(client)->show(wanted)));
  });
}

chancery_error* chancery_kinds(char** kinds) {
  return guarded([&] {
    begin_out(kinds, "kinds");
    json_out(kinds, client::kinds_json(client::all_kinds()));
  });
}

chancery_error* chancery_stats(chancery_client* client, chancery_statistics* stats) {
  return guarded([&] {
    require(stats, "stats");
    if (stats->struct_size < kStatisticsBytesMin) {
      bad_argument("stats.struct_size is " + std::to_string(stats->struct_size) +
                   ": set it to sizeof(chancery_statistics)");
    }
    const client::Stats known = session_of(client)->stats();
    const chancery_statistics filled{
        .struct_size = stats->struct_size,
        .connected = known.connected ? 1U : 0U,
        .connection_count = known.connection_count,
        .request_count = known.request_count,
        .resend_count = known.resend_count,
        .timeout_count = known.timeout_count,
    };
    const std::size_t shared = std::min(stats->struct_size, sizeof filled);
    std::memset(stats, 0, stats->struct_size);
    std::memcpy(stats, &filled, shared);
  });
}

chancery_error* chancery_stats_json(chancery_client* client, char** stats) {
  return guarded([&] {
    begin_out(stats, "stats");
    json_out(stats, client::stats_json(session_of(client)->stats()));
  });
}
