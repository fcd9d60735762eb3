// Making envelopes: the counterpart of envelope.h, for nodes and for ceremonies.
//
// Salts, times and keys are arguments, so that the same input gives the same bytes. What is made
// here parses strictly; a test holds the two together. Protocol chapters 2 to 4.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "chancery/v1/envelope.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/signer.h"

namespace chancery::exchange {

struct Stamp {
  std::string salt;  // 16 random bytes.
  std::uint64_t created_at_us = 0;
  std::optional<v1::TreeHead> log_seen;
};

[[nodiscard]] v1::TreeHead tree_head(std::uint64_t size, const Hash& root);
[[nodiscard]] std::string make_header(std::string_view draft_bytes, const Stamp& stamp);
[[nodiscard]] std::string clear_body(std::string_view text);

// Signatures ascend by key id, as the strict reader wants them.
[[nodiscard]] std::string signatures_bytes(std::vector<v1::Signature> signatures);

// A directory entry on its way: proposed once, signed by each who has a say, then assembled.
class EntryProposal {
 public:
  // `genesis` is nothing for the first roster of an exchange, which makes its own.
  EntryProposal(const v1::DirectoryEntry& entry, std::string_view origin,
                std::string_view notice_id, const Stamp& stamp, std::optional<Hash> genesis);

  [[nodiscard]] const Hash& genesis() const { return genesis_; }
  [[nodiscard]] const Hash& d() const { return d_; }
  [[nodiscard]] Result<void> sign(crypto::Signer& signer);
  [[nodiscard]] std::string envelope() const;

 private:
  std::string header_;
  std::string body_;
  Hash genesis_{};
  Hash d_{};
  std::vector<v1::Signature> signatures_;
};

}  // namespace chancery::exchange
