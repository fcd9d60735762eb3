#include "node/core/stamping.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/exchange/compose.h"
#include "core/exchange/draft_form.h"
#include "core/exchange/envelope.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"

namespace chancery::node {
namespace {

constexpr std::size_t kSaltBytes = 16;

// Hands out parts of the randomness that the caller gave.
class Random {
 public:
  explicit Random(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t count) {
    CHANCERY_CHECK(count <= bytes_.size());
    const std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return part;
  }

 private:
  std::string_view bytes_;
};

std::vector<std::string> recipient_codes(const v1::Draft& draft) {
  std::vector<std::string> codes;
  for (const v1::Recipient& recipient : draft.recipients()) {
    codes.push_back(recipient.member());
  }
  return codes;
}

// A draft that may be stamped, for all of its form.
struct Stampable {
  exchange::DraftForm form;
  bool sealed = false;
  std::shared_ptr<const v1::Draft> draft;
  std::vector<std::string> recipients;

  [[nodiscard]] bool is_like(const Waiting& notice) const {
    return sealed == notice.sealed && form.fits(notice.draft);
  }
};

// The directory may have changed since the draft was promised.
Result<Stampable> judge(const Waiting& notice, const StampInput& input) {
  CHANCERY_TRY(v1::Draft draft, exchange::parse_wire<v1::Draft>(notice.draft));
  CHANCERY_TRY_VOID(exchange::judge_draft(draft, notice.sealed, *input.directory));
  CHANCERY_TRY_VOID(exchange::check_not_expired(draft.expires_at_ms(), input.now_us / 1000));
  std::vector<std::string> recipients = recipient_codes(draft);
  return Stampable{.form = exchange::DraftForm(notice.draft),
                   .sealed = notice.sealed,
                   .draft = std::make_shared<const v1::Draft>(std::move(draft)),
                   .recipients = std::move(recipients)};
}

// One content key per signature batch, which is of one recipient set; a set that cannot be sealed
// to keeps its error. C-53.
class SealGroups {
 public:
  SealGroups(const StampInput& input, Random& random) : input_(input), random_(random) {}

  // Whoever comes next to them begins another one.
  void close(const std::vector<std::string>& codes) { groups_.erase(codes); }

  const Result<exchange::SealGroup>& for_recipients(const std::vector<std::string>& codes) {
    const auto found = groups_.find(codes);
    return found != groups_.end() ? found->second
                                  : groups_.emplace(codes, make(codes)).first->second;
  }

 private:
  Result<exchange::SealGroup> make(const std::vector<std::string>& codes) {
    CHANCERY_TRY(const std::vector<crypto::PublicKey> keys,
                 exchange::sealing_keys_for(input_.origin, codes, *input_.directory));
    const std::string info = exchange::seal_info(input_.directory->genesis(), input_.origin, codes);
    return exchange::SealGroup::make(
        info, keys, random_.take(exchange::SealGroup::random_bytes_needed(keys.size())));
  }

  const StampInput& input_;
  Random& random_;
  std::map<std::vector<std::string>, Result<exchange::SealGroup>> groups_;
};

}  // namespace

std::size_t count_urgent(std::span<const Waiting> waiting) {
  const auto first_patient =
      std::ranges::find(waiting, exchange::Lane::kPatient,
                        [](const Waiting& notice) { return exchange::lane_of(notice.precedence); });
  return static_cast<std::size_t>(first_patient - waiting.begin());
}

std::size_t count_to_sign(std::span<const Waiting> waiting, std::size_t unacknowledged_count) {
  if (waiting.size() >= kSignedTogetherMax) {
    return kSignedTogetherMax;
  }
  return unacknowledged_count == 0 ? waiting.size() : count_urgent(waiting);
}

std::size_t count_that_fits(std::span<const Waiting> waiting, std::size_t unacknowledged_count,
                            std::size_t unacknowledged_bytes, const SigningWindow& window) {
  std::size_t count = unacknowledged_count;
  std::size_t bytes = unacknowledged_bytes;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const bool urgent = exchange::lane_of(waiting[i].precedence) == exchange::Lane::kUrgent;
    bytes += waiting[i].draft.size() + waiting[i].text.size();
    const bool fits = count + 1 + (urgent ? 0 : window.reserve_count) <= window.count_max &&
                      bytes + (urgent ? 0 : window.reserve_bytes) <= window.bytes_max;
    if (!fits && count > 0) {
      return i;
    }
    ++count;
  }
  return waiting.size();
}

std::size_t random_bytes_needed(std::span<const Waiting> waiting,
                                const exchange::Directory& directory) {
  // Every sealed notice could have a recipient set of its own, and every set could be everybody.
  const auto sealed = static_cast<std::size_t>(std::ranges::count(waiting, true, &Waiting::sealed));
  return waiting.size() * kSaltBytes +
         sealed * exchange::SealGroup::random_bytes_needed(directory.active_nodes().size());
}

StampedBatch stamp(std::span<const Waiting> waiting, const StampInput& input,
                   std::string_view random) {
  StampedBatch batch;
  Random rest(random);
  SealGroups groups(input, rest);
  std::map<std::vector<std::string>, std::size_t> sets;
  std::uint64_t created_at_us = input.created_at_last_us;
  Stampable last;
  for (const Waiting& notice : waiting) {
    const auto refuse = [&](Error error) {
      batch.refused.push_back({notice.notice_id, std::move(error)});
    };
    if (!last.is_like(notice)) {
      Result<Stampable> judged = judge(notice, input);
      if (!judged.has_value()) {
        refuse(judged.error());
        continue;
      }
      last = *std::move(judged);
    }
    if (const auto set = sets.find(last.recipients);
        set != sets.end() && batch.sets[set->second].size() >= input.batch_size_max) {
      sets.erase(set);
      groups.close(last.recipients);
    }
    created_at_us = std::max(created_at_us + 1, input.now_us);
    Stamped stamped{
        .notice_id = notice.notice_id,
        .header = exchange::make_header(notice.draft, {.salt = std::string(rest.take(kSaltBytes)),
                                                       .created_at_us = created_at_us,
                                                       .log_seen = input.log_seen}),
        .body = {},
        .created_at_us = created_at_us,
        .precedence = notice.precedence,
        .draft = last.draft};
    if (notice.sealed) {
      const Result<exchange::SealGroup>& group = groups.for_recipients(last.recipients);
      Result<std::string> body = group.has_value()
                                     ? group->seal(stamped.header, notice.text)
                                     : Result<std::string>(std::unexpected(group.error()));
      if (!body.has_value()) {
        refuse(body.error());
        continue;
      }
      stamped.body = std::move(*body);
    } else {
      stamped.body = exchange::clear_body(notice.text);
    }
    stamped.set = sets.try_emplace(last.recipients, batch.sets.size()).first->second;
    if (stamped.set == batch.sets.size()) {
      batch.sets.emplace_back();
    }
    std::vector<Hash>& ds = batch.sets[stamped.set];
    stamped.position = ds.size();
    ds.push_back(exchange::envelope_hash(input.directory->genesis(), stamped.header, stamped.body));
    batch.notices.push_back(std::move(stamped));
  }
  return batch;
}

std::vector<SignedEnvelope> signed_envelopes(const StampedBatch& batch,
                                             std::span<const SignedSet> signed_sets) {
  std::vector<SignedEnvelope> envelopes;
  for (const Stamped& notice : batch.notices) {
    if (notice.set >= signed_sets.size()) {
      break;
    }
    const SignedSet& set = signed_sets[notice.set];
    const std::string signatures =
        exchange::signatures_bytes({set.to_sign.signature(notice.position, set.value)});
    envelopes.push_back(
        {.bytes = exchange::envelope_bytes(notice.header, notice.body, signatures),
         .entry = exchange::entry_hash(batch.sets[notice.set][notice.position], signatures)});
  }
  return envelopes;
}

}  // namespace chancery::node
