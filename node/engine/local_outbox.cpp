// The local API's outbox: what a member's own notices have come to, and what can be done about it.

#include <algorithm>
#include <utility>

#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/minimize.h"
#include "core/exchange/names.h"
#include "core/exchange/strict.h"
#include "node/engine/local_api.h"
#include "node/engine/local_replies.h"

namespace chancery::node {
namespace {

constexpr std::size_t kOutboxScanMax = 2000;  // Rows looked at for one page.
constexpr std::size_t kOutboxScanAtOnce = 250;

// Why it was not taken yet, or never will be; nothing is wrong with what was not tried.
Result<Error> refusal_of(const OutboxRow& row, v1::Precedence lowest) {
  if (row.stage == OutboxStage::kQueued && row.code == 0 && lowest != v1::PRECEDENCE_UNSPECIFIED) {
    CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(row.draft));
    if (const Result<void> goes = exchange::check_minimize(draft, lowest); !goes.has_value()) {
      return goes.error();
    }
  }
  return Error{static_cast<ErrorCode>(row.code), row.reason};
}

Result<v1::OutboxItem> item_of(const OutboxRow& row, const LogView& view, NodeStore& store) {
  v1::OutboxItem item;
  item.set_number(row.number);
  *item.mutable_item() = own_item(row, store.genesis(), view.cosigned_size);
  item.mutable_item()->set_text(subject_only(item.item().text()));
  CHANCERY_TRY(const v1::Stage stage, stage_of(row, view.cosigned_size, store));
  CHANCERY_TRY(const Error refusal, refusal_of(row, view.lowest));
  item.set_stage(stage);
  item.set_sent(row.created_at_us != 0);
  item.set_aside(row.aside);
  item.set_code(static_cast<std::uint32_t>(refusal.code));
  item.set_text(refusal.detail);
  item.set_application(row.application);
  return item;
}

bool has_asked_stage(const OutboxRow& row, const v1::OutboxRequest& request) {
  switch (row.stage) {
    case OutboxStage::kLogged:
      return request.logged() || !(request.queued() || request.refused());
    case OutboxStage::kRefused:
      return request.refused() || !(request.queued() || request.logged());
    default:
      return request.queued() || !(request.logged() || request.refused());
  }
}

}  // namespace

std::string subject_only(const std::string& bytes) {
  v1::Text text;
  v1::Text subject;
  if (text.ParseFromString(bytes)) {
    subject.set_subject(text.subject());
    subject.set_language(text.language());
  }
  return subject.SerializeAsString();
}

v1::InboxItem with_witnessed(v1::InboxItem item, std::uint64_t cosigned_size) {
  item.set_witnessed(item.logged() && is_witnessed(item.index(), cosigned_size));
  return item;
}

Result<v1::Stage> stage_of(const OutboxRow& row, std::uint64_t cosigned_size, NodeStore& store) {
  switch (row.stage) {
    case OutboxStage::kLogged: {
      if (!is_witnessed(row.index, cosigned_size)) {
        return v1::STAGE_LOGGED;
      }
      CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(row.draft));
      for (const v1::Recipient& recipient : draft.recipients()) {
        CHANCERY_TRY(const std::optional<StatedBy> by,
                     store.delivered(recipient.member(), row.index));
        if (!by.has_value()) {
          return v1::STAGE_WITNESSED;
        }
      }
      return v1::STAGE_DELIVERED;
    }
    case OutboxStage::kRefused:
      return v1::STAGE_REFUSED;
    default:
      return v1::STAGE_QUEUED;
  }
}

Result<std::vector<v1::RecipientStage>> recipient_stages(const OutboxRow& row,
                                                         const v1::Draft& draft, NodeStore& store) {
  std::vector<v1::RecipientStage> stages;
  const auto add = [&](v1::Stage stage, const StatedBy& by) {
    v1::RecipientStage& said = stages.emplace_back();
    said.set_member(by.peer);
    said.set_stage(stage);
    said.set_accepted_at_ms(by.accepted_at_ms);
    said.set_index(by.index);
  };
  for (const v1::Recipient& recipient : draft.recipients()) {
    CHANCERY_TRY(const std::optional<StatedBy> by, store.delivered(recipient.member(), row.index));
    if (by.has_value()) {
      add(v1::STAGE_DELIVERED, *by);
    }
    CHANCERY_TRY(const std::vector<Acknowledged> said,
                 store.acknowledged(row.notice, recipient.member()));
    for (const Acknowledged& each : said) {
      add(each.level == v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED ? v1::STAGE_ACTIONED : v1::STAGE_READ,
          each.by);
    }
  }
  return stages;
}

Result<v1::AwaitReply> await_reply(const OutboxRow& row, const LogView& view, NodeStore& store) {
  v1::AwaitReply reply;
  CHANCERY_TRY(const v1::Stage stage, stage_of(row, view.cosigned_size, store));
  CHANCERY_TRY(const Error refusal, refusal_of(row, view.lowest));
  reply.set_stage(stage);
  reply.set_index(row.index);
  reply.set_accepted_at_ms(row.accepted_at_ms);
  reply.set_code(static_cast<std::uint32_t>(refusal.code));
  reply.set_text(refusal.detail);
  return reply;
}

Result<v1::OutboxReply> LocalApi::outbox(const v1::OutboxRequest& request,
                                         const Application& application) {
  if (application.publish.empty()) {
    return fail(ErrorCode::kNoGrant, application.name + " may publish nothing");
  }
  const std::uint32_t limit = page_limit(request.limit());
  v1::OutboxReply reply;
  std::uint64_t after = request.after();
  std::size_t bytes = 0;
  const auto full = [&] {
    return bytes > kPageBytesMax || static_cast<std::uint32_t>(reply.items_size()) >= limit;
  };
  for (std::size_t scanned = 0; !full() && !reply.last() && scanned < kOutboxScanMax;) {
    CHANCERY_TRY(const std::vector<OutboxRow> rows,
                 store_.scan_outbox(after, kOutboxScanAtOnce, kPageBytesMax - bytes));
    work_.row_count += rows.size();
    scanned += rows.size();
    reply.set_last(rows.empty());
    for (const OutboxRow& row : rows) {
      if (full()) {
        break;
      }
      after = row.number;
      if (row.application.empty()) {
        continue;  // The node's own statements.
      }
      bytes += row.draft.size() + row.text.size();  // Read, if not given.
      CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(row.draft));
      if (has_asked_stage(row, request) &&
          exchange::any_matches(application.publish, draft.kind())) {
        CHANCERY_TRY(*reply.add_items(), item_of(row, view_, store_));
      }
    }
  }
  reply.set_next_after(after);
  return reply;
}

Result<OutboxRow> LocalApi::own_row(const std::string& notice_id, const Application& application) {
  CHANCERY_TRY(std::optional<OutboxRow> row, store_.find_outbox(notice_id));
  if (!row.has_value()) {
    return fail(ErrorCode::kNotFound,
                "no notice " + uuid_text(as_bytes(notice_id)) + " was published here");
  }
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(row->draft));
  if (!exchange::any_matches(application.publish, draft.kind())) {
    return fail(ErrorCode::kNoGrant, application.name + " may not publish " + draft.kind());
  }
  return *std::move(row);
}

// Most are asked about as soon as they are published, and are logged soon after: what the store has
// in memory says that.
Result<std::optional<v1::AwaitReply>> LocalApi::await(const v1::AwaitRequest& request,
                                                      const Application& application,
                                                      bool may_wait) {
  const auto waits_at = [&](v1::Stage stage) {
    const bool settled = stage >= request.stage() || stage == v1::STAGE_REFUSED;
    return !settled && may_wait && request.timeout_ms() > 0;
  };
  CHANCERY_TRY(const std::optional<OutboxStanding> stands,
               store_.outbox_standing(request.notice_id()));
  if (stands.has_value() && !stands->kind.empty() &&
      exchange::any_matches(application.publish, stands->kind)) {
    const OutboxStage stage = stands->place.stage;
    if ((stage == OutboxStage::kQueued || stage == OutboxStage::kSigned) &&
        waits_at(v1::STAGE_QUEUED)) {
      return std::optional<v1::AwaitReply>();
    }
    if (stage == OutboxStage::kLogged && !is_witnessed(stands->index, view_.cosigned_size)) {
      if (waits_at(v1::STAGE_LOGGED)) {
        return std::optional<v1::AwaitReply>();
      }
      v1::AwaitReply reply;
      reply.set_stage(v1::STAGE_LOGGED);
      reply.set_index(stands->index);
      reply.set_accepted_at_ms(stands->accepted_at_ms);
      return std::optional(std::move(reply));
    }
  }
  CHANCERY_TRY(const OutboxRow row, own_row(request.notice_id(), application));
  CHANCERY_TRY(v1::AwaitReply reply, await_reply(row, view_, store_));
  return waits_at(reply.stage()) ? std::optional<v1::AwaitReply>()
                                 : std::optional(std::move(reply));
}

// What was signed once may have left, and may be logged under that stamp after all.
Result<v1::AwaitReply> LocalApi::cancel(const v1::CancelRequest& request,
                                        const Application& application) {
  CHANCERY_TRY(const OutboxRow row, own_row(request.notice_id(), application));
  const bool withdrawn = row.stage == OutboxStage::kRefused &&
                         row.code == static_cast<std::uint32_t>(ErrorCode::kWithdrawn);
  if (withdrawn) {
    return await_reply(row, view_, store_);
  }
  const std::string name = uuid_text(as_bytes(request.notice_id()));
  if (row.stage == OutboxStage::kRefused) {
    return fail(ErrorCode::kNotFound, name + " is not in the queue: it was refused");
  }
  if (row.stage != OutboxStage::kQueued || row.created_at_us != 0) {
    return fail(ErrorCode::kAlreadySent, name + (row.stage == OutboxStage::kLogged
                                                     ? " is logged at " + std::to_string(row.index)
                                                     : " is on its way"));
  }
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  settled_.insert(request.notice_id());
  CHANCERY_TRY_VOID(or_stop(
      store_.mark_refused(request.notice_id(), {ErrorCode::kWithdrawn, "by " + application.name})));
  CHANCERY_TRY(const OutboxRow now, own_row(request.notice_id(), application));
  return await_reply(now, view_, store_);
}

Result<v1::AwaitReply> LocalApi::retry(const v1::RetryRequest& request,
                                       const Application& application) {
  CHANCERY_TRY(const OutboxRow row, own_row(request.notice_id(), application));
  if (row.stage != OutboxStage::kRefused && !row.aside) {
    return await_reply(row, view_, store_);  // It is logged, or under way.
  }
  CHANCERY_TRY(const v1::Draft draft, exchange::parse_wire<v1::Draft>(row.draft));
  if (row.stage == OutboxStage::kRefused) {
    CHANCERY_TRY_VOID(
        check_outbox(row.application, draft.precedence(), row.draft.size() + row.text.size()));
  }
  if (!store_.in_transaction()) {
    CHANCERY_TRY_VOID(or_stop(store_.begin()));
  }
  CHANCERY_TRY_VOID(or_stop(store_.mark_wanted(request.notice_id())));
  CHANCERY_TRY(const OutboxRow now, own_row(request.notice_id(), application));
  return await_reply(now, view_, store_);
}

}  // namespace chancery::node
