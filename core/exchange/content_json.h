// The content of a notice from its JSON, where that is plain: what applications mostly hand in.

#pragma once

#include <google/protobuf/message.h>

#include <string_view>

namespace chancery::exchange {

// Fills a message as protobuf's JSON mapping would. False where the JSON is not plain, and may be
// right or wrong by that mapping, which is to judge it then; message has any part of it. Plain is:
// one object of at most 1 MiB; each key the name of a field in the .proto
// file, once; texts, whole numbers in digits, true and false, names of enum values, lists and
// objects of these, each for a field of its type.
[[nodiscard]] bool read_plain_json(std::string_view json, google::protobuf::Message& message);

}  // namespace chancery::exchange
