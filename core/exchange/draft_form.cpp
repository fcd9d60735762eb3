#include "core/exchange/draft_form.h"

#include "chancery/v1/envelope.pb.h"
#include "core/base/result.h"
#include "core/exchange/strict.h"

namespace chancery::exchange {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kDigestBytes = 32;  // The last field's, and so the last bytes.

}  // namespace

DraftForm::DraftForm(std::string_view draft) : draft_(draft) {
  for (Fields fields(draft_); fields.next();) {
    if (fields.number() == v1::Draft::kNoticeIdFieldNumber) {
      id_at_ = static_cast<std::size_t>(fields.bytes().data() - draft_.data());
      return;
    }
  }
}

bool DraftForm::fits(std::string_view draft) const {
  if (draft_.empty() || draft.size() != draft_.size()) {
    return false;
  }
  const std::string_view one = draft_;
  const std::size_t after_id = id_at_ + kIdBytes;
  const std::size_t between = draft.size() - kDigestBytes - after_id;
  return draft.substr(0, id_at_) == one.substr(0, id_at_) &&
         draft.substr(after_id, between) == one.substr(after_id, between);
}

std::string_view DraftForm::notice_id(std::string_view draft) const {
  return draft.substr(id_at_, kIdBytes);
}

std::string_view DraftForm::text_digest(std::string_view draft) const {
  return draft.substr(draft.size() - kDigestBytes);
}

std::string DraftForm::with(std::string_view notice_id, std::string_view text_digest) const {
  CHANCERY_CHECK(!draft_.empty() && notice_id.size() == kIdBytes &&
                 text_digest.size() == kDigestBytes);
  std::string draft = draft_;
  draft.replace(id_at_, kIdBytes, notice_id);
  draft.replace(draft.size() - kDigestBytes, kDigestBytes, text_digest);
  return draft;
}

}  // namespace chancery::exchange
