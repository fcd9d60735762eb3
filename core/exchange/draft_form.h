// The form of a draft: what it says, but for its notice id and text digest.
//
// Drafts of one form have the same origin, kind, status, precedence, label, recipients and expiry.
// An application's mostly are: so what was found of one need not be found again of the next, which
// for a notice to hundreds of members is most of what it costs to receive.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chancery::exchange {

class DraftForm {
 public:
  // Of no draft: nothing fits.
  DraftForm() = default;
  // `draft` has been read strictly and has good form (envelope.h).
  explicit DraftForm(std::string_view draft);

  // Whether the bytes are those of a draft of this form. Any id fits, also one that is none.
  [[nodiscard]] bool fits(std::string_view draft) const;
  // Of bytes that fit: 16 and 32 bytes in their place.
  [[nodiscard]] std::string_view notice_id(std::string_view draft) const;
  [[nodiscard]] std::string_view text_digest(std::string_view draft) const;
  // The draft of this form that has these 16 and 32 bytes. There is one for a form of some draft.
  [[nodiscard]] std::string with(std::string_view notice_id, std::string_view text_digest) const;

 private:
  std::string draft_;  // One of this form.
  std::size_t id_at_ = 0;
};

}  // namespace chancery::exchange
