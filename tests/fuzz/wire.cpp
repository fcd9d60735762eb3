// Protobuf of every kind that a peer, an application, a store or a founding file hands over. First
// byte: which message; second byte: whether it is read strictly or openly.
//
// Holds: what the strict reader takes has no unknown field and serialises to the same bytes; what
// it calls not canonical does not; what either reading takes parses; the limits that it is given
// are kept.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <array>
#include <memory>

#include "chancery/v1/directory.pb.h"
#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/link.pb.h"
#include "chancery/v1/local.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"

namespace exchange = chancery::exchange;
namespace v1 = chancery::v1;
using google::protobuf::Message;

namespace {

// In the order that seeds name them by.
const auto& prototypes() {
  static const std::array<const Message*, 14> all = {
      &v1::UpMessage::default_instance(),      &v1::DownMessage::default_instance(),
      &v1::LocalRequest::default_instance(),   &v1::LocalReply::default_instance(),
      &v1::AdminRequest::default_instance(),   &v1::AdminReply::default_instance(),
      &v1::FoundingFile::default_instance(),   &v1::Envelope::default_instance(),
      &v1::Header::default_instance(),         &v1::Draft::default_instance(),
      &v1::Body::default_instance(),           &v1::Signatures::default_instance(),
      &v1::DirectoryEntry::default_instance(), &v1::Text::default_instance()};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const google::protobuf::LogSilencer silent;  // It writes on stderr what it refuses.
  chancery::fuzz::Input input(data, size);
  const Message& prototype = *prototypes()[input.choice(prototypes().size())];
  const bool strict = input.flag();
  const std::string_view bytes = input.rest();
  const auto reading = strict ? exchange::Reading::kStrict : exchange::Reading::kOpen;
  const auto checked = exchange::check_wire(bytes, *prototype.GetDescriptor(), reading);
  const std::unique_ptr<Message> message(prototype.New());
  const bool parsed = message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (checked.has_value()) {
    CHANCERY_CHECK(parsed);
    CHANCERY_CHECK(!strict || !exchange::has_unknown_fields(*message));
    CHANCERY_CHECK(!strict || message->SerializeAsString() == bytes);
    const exchange::StrictLimits small = {.bytes_max = 64, .depth_max = 2, .element_count_max = 4};
    const auto again = exchange::check_wire(bytes, *prototype.GetDescriptor(), reading, small);
    CHANCERY_CHECK(bytes.size() <= small.bytes_max || !again.has_value());
  } else if (checked.error().code == chancery::ErrorCode::kNotCanonical && parsed) {
    message->DiscardUnknownFields();  // To libprotobuf a known field of another type is unknown.
    CHANCERY_CHECK(message->SerializeAsString() != bytes);
  }
  return 0;
}
