// Between the public structures and the messages of local.proto. Inner to client/.
//
// Judges form only, so that a mistake is named before anything is sent; what the roster allows is
// the node's to say. No state, any thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chancery/client.h"
#include "chancery/v1/local.pb.h"
#include "core/base/result.h"

namespace chancery::client {

// Instants outside of years 1970 to 9999 are brought to the nearest end.
[[nodiscard]] Time time_from_ms(std::uint64_t unix_ms);
[[nodiscard]] Time time_from_us(std::uint64_t unix_us);
[[nodiscard]] std::uint64_t ms_from(Time time);

// kUnknownRecipient, kInvalidKind for content that does not fit the kind or keep its rules, kUsage
// for an identifier that is none.
[[nodiscard]] Result<v1::PublishRequest> publish_request(const Draft& draft);
[[nodiscard]] Result<v1::InboxRequest> inbox_request(const InboxQuery& query);
// What Client::show() may be asked for by such a name, in the order to ask: digits only are an
// index, and where there is none, the beginning of a notice.
[[nodiscard]] Result<std::vector<v1::ShowRequest>> show_requests(std::string_view name);

// kMalformed where the node sent what is no notice.
[[nodiscard]] Result<Notice> notice_from(const v1::InboxItem& item);
[[nodiscard]] Stage stage_from(v1::Stage stage);

}  // namespace chancery::client
