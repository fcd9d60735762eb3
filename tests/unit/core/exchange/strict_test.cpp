#include "core/exchange/strict.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/evidence.pb.h"
#include "chancery/v1/link.pb.h"
#include "chancery/v1/local.pb.h"
#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "tests/support/keys.h"
#include "tests/support/outcome.h"
#include "tests/support/wire_bytes.h"

namespace {

// What this program asked of operator new so far; here since replacements are global.
std::atomic<std::size_t> bytes_allocated = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  bytes_allocated += size;
  if (void* const memory = std::malloc(size == 0 ? 1 : size); memory != nullptr) {
    return memory;
  }
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  bytes_allocated += size;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace chancery::exchange {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using test::bytes_field;
using test::long_varint;
using test::number_field;
using test::outcome;
using test::tag;
using test::varint;

template <class M>
std::string strict(const std::string& bytes, const StrictLimits& limits = {}) {
  return outcome(parse_wire<M>(bytes, Reading::kStrict, limits));
}

template <class M>
std::string open(const std::string& bytes, const StrictLimits& limits = {}) {
  return outcome(parse_wire<M>(bytes, Reading::kOpen, limits));
}

const std::vector<const FileDescriptor*>& files() {
  static const std::vector<const FileDescriptor*> all = {
      v1::Envelope::descriptor()->file(),    v1::DirectoryEntry::descriptor()->file(),
      v1::UpMessage::descriptor()->file(),   v1::EvidenceFile::descriptor()->file(),
      v1::Text::descriptor()->file(),        v1::Statement::descriptor()->file(),
      v1::LocalRequest::descriptor()->file()};
  return all;
}

// Sets every field to something that is not its default; of a oneof, the member number `choice`.
void fill(Message& message, int choice) {
  const google::protobuf::Reflection& set = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    if (const auto* const oneof = field->containing_oneof();
        oneof != nullptr && field->index_in_oneof() != choice % oneof->field_count()) {
      continue;
    }
    for (int k = 0; k < (field->is_repeated() ? 2 : 1); ++k) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        fill(field->is_repeated() ? *set.AddMessage(&message, field)
                                  : *set.MutableMessage(&message, field),
             choice);
      } else if (field->is_repeated()) {
        set.AddString(&message, field, "текст");
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        set.SetString(&message, field, "текст");
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        set.SetEnumValue(&message, field, 2);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
        set.SetBool(&message, field, true);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
        set.SetUInt32(&message, field, 0xffff'ffffU);
      } else {
        set.SetUInt64(&message, field, 0xffff'ffff'ffff'ffffU);
      }
    }
  }
}

std::string filled_draft() {
  v1::Draft draft;
  fill(draft, 0);
  return draft.SerializeAsString();
}

// C-10. What an encoder writes that follows the rules is taken, for every message of the
// vocabulary.
TEST(StrictTest, WhatLibprotobufWritesIsCanonical) {
  for (const FileDescriptor* const file : files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor& type = *file->message_type(i);
      const Message* const prototype =
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
      for (int choice = 0; choice < 10; ++choice) {
        const std::unique_ptr<Message> message(prototype->New());
        fill(*message, choice);
        EXPECT_EQ(outcome(check_wire(message->SerializeAsString(), type, Reading::kStrict)), "good")
            << type.full_name();
      }
      EXPECT_EQ(outcome(check_wire("", type, Reading::kStrict)), "good");
    }
  }
}

// C-10: one spelling. Whatever is taken is what an encoder would have written; every byte of a
// message is altered in each of its bits to see that.
TEST(StrictTest, WhateverIsTakenIsSpeltAsItWouldBeWritten) {
  const std::string good = filled_draft();
  std::size_t taken_count = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned mask = 1; mask < 256; ++mask) {
      std::string altered = good;
      altered[i] = static_cast<char>(static_cast<unsigned char>(altered[i]) ^ mask);
      if (const Result<v1::Draft> draft = parse_wire<v1::Draft>(altered); draft.has_value()) {
        ++taken_count;
        ASSERT_EQ(draft->SerializeAsString(), altered) << i;
      }
    }
  }
  EXPECT_GT(taken_count, 0U);
}

// C-11
TEST(StrictTest, FieldsAscendAndStandOnceEach) {
  const std::string origin = bytes_field(1, "AM");
  const std::string id = bytes_field(2, "id");
  EXPECT_EQ(strict<v1::Draft>(origin + id), "good");
  EXPECT_EQ(strict<v1::Draft>(id + origin), "not-canonical");
  EXPECT_EQ(strict<v1::Draft>(origin + origin), "not-canonical");
  EXPECT_EQ(strict<v1::Header>(bytes_field(5, "") + bytes_field(5, "")), "not-canonical");
}

// C-11
TEST(StrictTest, ElementsOfARepeatedFieldStandTogether) {
  const std::string recipient = bytes_field(7, bytes_field(1, "BY"));
  const std::string expires = number_field(8, 5);
  EXPECT_EQ(strict<v1::Draft>(recipient + recipient + expires), "good");
  EXPECT_EQ(strict<v1::Draft>(recipient + expires + recipient), "not-canonical");
}

// C-12: in a tag, in a length and in a value.
TEST(StrictTest, VarintsAreMinimal) {
  for (std::size_t length = 2; length <= 10; ++length) {
    EXPECT_EQ(strict<v1::Header>(long_varint(1U << 3U, length) + varint(1)), "not-canonical");
    EXPECT_EQ(strict<v1::Header>(tag(1, 0) + long_varint(1, length)), "not-canonical");
    EXPECT_EQ(strict<v1::Header>(tag(2, 2) + long_varint(1, length) + "x"), "not-canonical");
  }
  EXPECT_EQ(strict<v1::Header>(number_field(1, 1)), "good");
}

// C-12
TEST(StrictTest, VarintsEndWithin64Bits) {
  const std::string largest(9, '\xff');
  EXPECT_EQ(strict<v1::Header>(tag(4, 0) + largest + '\x01'), "good");
  EXPECT_EQ(strict<v1::Header>(tag(4, 0) + largest + '\x02'), "malformed");
  EXPECT_EQ(strict<v1::Header>(tag(4, 0) + largest + '\xff' + '\x01'), "malformed");
  EXPECT_EQ(strict<v1::Header>(tag(4, 0) + largest), "malformed");
}

// C-13
TEST(StrictTest, DefaultValuesAreNotWritten) {
  EXPECT_EQ(strict<v1::Header>(number_field(1, 0)), "not-canonical");         // uint32
  EXPECT_EQ(strict<v1::Header>(number_field(4, 0)), "not-canonical");         // uint64
  EXPECT_EQ(strict<v1::Header>(bytes_field(2, "")), "not-canonical");         // bytes
  EXPECT_EQ(strict<v1::Draft>(bytes_field(1, "")), "not-canonical");          // string
  EXPECT_EQ(strict<v1::Draft>(number_field(4, 0)), "not-canonical");          // enum
  EXPECT_EQ(strict<v1::NodeEnrolment>(number_field(3, 0)), "not-canonical");  // bool
}

// C-13: what has presence may be empty, since being there says something.
TEST(StrictTest, MessagesMembersOfOneofsAndElementsMayBeEmpty) {
  EXPECT_EQ(strict<v1::Header>(bytes_field(5, "")), "good");
  EXPECT_EQ(strict<v1::Body>(bytes_field(2, "")), "good");
  EXPECT_EQ(strict<v1::Signature>(bytes_field(4, "")), "good");
  EXPECT_EQ(strict<v1::Label>(bytes_field(2, "")), "good");
}

// C-14
TEST(StrictTest, UnknownFieldsAreRefused) {
  EXPECT_EQ(strict<v1::Header>(bytes_field(6, "x")), "unknown-field");
  EXPECT_EQ(strict<v1::Header>(number_field(536'870'911, 1)), "unknown-field");
  EXPECT_EQ(strict<v1::Release>(number_field(1, 1)), "unknown-field");
  EXPECT_EQ(strict<v1::Header>(bytes_field(5, bytes_field(3, "deep"))), "unknown-field");
}

// C-14
TEST(StrictTest, ImpossibleFieldNumbersAreRefused) {
  EXPECT_EQ(strict<v1::Header>(tag(0, 0) + varint(1)), "malformed");
  EXPECT_EQ(strict<v1::Header>(number_field(536'870'912, 1)), "malformed");
}

// C-14
TEST(StrictTest, AFieldHasTheWireTypeOfItsType) {
  for (std::uint64_t wire_type = 0; wire_type < 8; ++wire_type) {
    const std::string rest(9, '\x01');
    if (wire_type != 0) {
      EXPECT_EQ(strict<v1::Header>(tag(1, wire_type) + rest), "malformed") << wire_type;
    }
    if (wire_type != 2) {
      EXPECT_EQ(strict<v1::Header>(tag(2, wire_type) + rest), "malformed") << wire_type;
    }
  }
}

// C-15
TEST(StrictTest, EnumsAreOfKnownValues) {
  EXPECT_EQ(strict<v1::Draft>(number_field(5, 6)), "good");
  EXPECT_EQ(strict<v1::Draft>(number_field(5, 7)), "malformed");
  EXPECT_EQ(strict<v1::Draft>(number_field(5, 0x1'0000'0001)), "malformed");  // 1, cut to 32 bits.
  EXPECT_EQ(strict<v1::Draft>(number_field(5, ~std::uint64_t{0})), "malformed");
}

// C-15
TEST(StrictTest, BooleansAndShortNumbersKeepToTheirRange) {
  EXPECT_EQ(strict<v1::NodeEnrolment>(number_field(3, 1)), "good");
  EXPECT_EQ(strict<v1::NodeEnrolment>(number_field(3, 2)), "not-canonical");
  EXPECT_EQ(strict<v1::Header>(number_field(1, 0xffff'ffff)), "good");
  EXPECT_EQ(strict<v1::Header>(number_field(1, 0x1'0000'0000)), "not-canonical");
}

// C-16
TEST(StrictTest, OneMemberOfAOneof) {
  const std::string sealed = bytes_field(1, "");
  const std::string clear = bytes_field(2, "x");
  EXPECT_EQ(strict<v1::Body>(sealed), "good");
  EXPECT_EQ(strict<v1::Body>(sealed + clear), "not-canonical");
  EXPECT_EQ(strict<v1::Body>(clear + sealed), "not-canonical");
  EXPECT_EQ(strict<v1::Signature>(bytes_field(3, "") + bytes_field(4, "")), "not-canonical");
}

// C-17
TEST(StrictTest, StringsAreUtf8AndBytesAreAnything) {
  for (const Reading reading : {Reading::kStrict, Reading::kOpen}) {
    EXPECT_EQ(outcome(parse_wire<v1::Draft>(bytes_field(3, "\xc3\x28"), reading)), "invalid-utf8");
    EXPECT_EQ(outcome(parse_wire<v1::Label>(bytes_field(2, "\xff"), reading)), "invalid-utf8");
    EXPECT_EQ(outcome(parse_wire<v1::Draft>(bytes_field(2, "\xff"), reading)), "good");
  }
}

// C-18: cut at each byte, a message is refused unless the cut falls between two fields.
TEST(StrictTest, EveryCutInsideAFieldIsRefused) {
  const std::vector<std::string> fields = {
      number_field(1, 1), bytes_field(2, filled_draft()), bytes_field(3, std::string(16, 's')),
      number_field(4, 1'700'000'000'000'000), bytes_field(5, number_field(1, 300))};
  std::string whole;
  std::set<std::size_t> ends = {0};
  for (const std::string& field : fields) {
    whole += field;
    ends.insert(whole.size());
  }
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    EXPECT_EQ(strict<v1::Header>(cut), ends.contains(length) ? "good" : "malformed") << length;
  }
}

// C-18: a submessage that says that it is longer than what holds it.
TEST(StrictTest, AFieldEndsWithinItsMessage) {
  const std::string inner = tag(2, 2) + varint(5) + "abcd";
  EXPECT_EQ(strict<v1::Header>(bytes_field(5, inner) + "e"), "malformed");
  EXPECT_EQ(strict<v1::Header>(tag(2, 2) + varint(~std::uint64_t{0}) + "x"), "malformed");
}

// `count` messages, one inside the other. No type of ours recurses, so a known one stands in.
std::string nested_lists(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 1; i < count; ++i) {
    bytes = bytes_field((count - i) % 2 == 1 ? 1 : 6, bytes);
  }
  return bytes;
}

// C-19
TEST(StrictTest, NestingIsBounded) {
  using google::protobuf::ListValue;
  EXPECT_EQ(strict<ListValue>(nested_lists(10)), "good");
  EXPECT_EQ(strict<ListValue>(nested_lists(11)), "nesting-too-deep");
  EXPECT_EQ(strict<ListValue>(nested_lists(3000)), "nesting-too-deep");
  EXPECT_EQ(open<ListValue>(nested_lists(11)), "nesting-too-deep");
  EXPECT_EQ(strict<ListValue>(nested_lists(11), {.depth_max = 11}), "good");
}

std::string empty_submessages(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += bytes_field(1, "");
  }
  return bytes;
}

// C-19
TEST(StrictTest, ElementsAreBounded) {
  EXPECT_EQ(strict<v1::Signatures>(empty_submessages(32'768)), "good");
  EXPECT_EQ(strict<v1::Signatures>(empty_submessages(32'769)), "limit-exceeded");
  // Counted at all depths together.
  EXPECT_EQ(strict<v1::UpMessage>(bytes_field(2, empty_submessages(32'767))), "good");
  EXPECT_EQ(strict<v1::UpMessage>(bytes_field(2, empty_submessages(32'768))), "limit-exceeded");
  EXPECT_EQ(open<v1::Signatures>(empty_submessages(32'769)), "limit-exceeded");
}

// C-19: a million empty submessages would be a hundred times their size in memory.
TEST(StrictTest, AMillionEmptySubmessagesCostNoMemory) {
  const std::string bytes = empty_submessages(1'000'000);
  ASSERT_EQ(strict<v1::Signatures>(empty_submessages(1)), "good");  // Descriptors are made once.
  const std::size_t before = bytes_allocated;
  const Result<v1::Signatures> parsed = parse_wire<v1::Signatures>(bytes);
  const std::size_t cost = bytes_allocated - before;
  EXPECT_EQ(outcome(parsed), "limit-exceeded");
  EXPECT_LT(cost, 4096U);  // The words of the error.
}

// C-19
TEST(StrictTest, SizeIsBoundedBeforeAnythingIsRead) {
  const std::string bytes = bytes_field(2, "abc");
  EXPECT_EQ(strict<v1::Header>(bytes, {.bytes_max = bytes.size()}), "good");
  EXPECT_EQ(strict<v1::Header>(bytes, {.bytes_max = bytes.size() - 1}), "limit-exceeded");
  EXPECT_EQ(strict<v1::Header>(std::string((4U << 20U) + 1, '\xff')), "limit-exceeded");
  EXPECT_EQ(strict<v1::Header>(std::string(4U << 20U, '\xff')), "malformed");
}

// C-9: texts come from newer programs too, and are shown with what this one does not know.
TEST(FieldsTest, AreThoseThatWereWrittenInTheirOrder) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::string bytes = number_field(1, 0) + bytes_field(2, "") + number_field(3, most) +
                            bytes_field(4, std::string(300, 'x')) + bytes_field(4, "y") +
                            number_field(536'870'911, 1);
  std::vector<std::string> read;
  for (Fields fields(bytes); fields.next();) {
    read.push_back(std::to_string(fields.number()) + " " + std::to_string(fields.value()) + " " +
                   std::string(fields.bytes()));
  }
  EXPECT_EQ(read,
            (std::vector<std::string>{"1 0 ", "2 0 ", "3 " + std::to_string(most) + " ",
                                      "4 300 " + std::string(300, 'x'), "4 1 y", "536870911 1 "}));
}

// They are for what was checked, and end also where it was not.
TEST(FieldsTest, EndWithTheBytes) {
  const std::string bytes = number_field(1, 200) + bytes_field(2, "bytes") + number_field(3, 300);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    std::size_t count = 0;
    for (Fields fields(std::string_view(bytes).substr(0, length)); fields.next();) {
      ASSERT_LE(fields.bytes().size(), 5U);
      ++count;
    }
    EXPECT_LE(count, 3U);
  }
}

TEST(OpenReadingTest, KeepsUnknownFieldsAndAnyOrder) {
  const std::string bytes = bytes_field(100, "new") + bytes_field(2, "ru") + tag(101, 1) +
                            std::string(8, 'e') + tag(102, 5) + std::string(4, 'f') +
                            bytes_field(1, "a subject") + number_field(103, 7) +
                            long_varint(7U << 3U, 3) + long_varint(0, 4);
  const Result<v1::Text> text = parse_wire<v1::Text>(bytes, Reading::kOpen);
  ASSERT_EQ(outcome(text), "good");
  EXPECT_EQ(text->subject(), "a subject");
  EXPECT_EQ(text->GetReflection()->GetUnknownFields(*text).field_count(), 4);
}

// C-9: what comes twice, as protobuf has it.
TEST(OpenReadingTest, TakesTheLastValueAndMergesSubmessages) {
  const auto read = [](const std::string& bytes) {
    return test::must(parse_wire<v1::Statement>(bytes, Reading::kOpen));
  };
  const v1::Statement statement =
      read(bytes_field(4, number_field(1, 7)) + number_field(2, 5) + number_field(2, 6) +
           bytes_field(4, number_field(1, 0)) + bytes_field(4, bytes_field(2, "root")));
  EXPECT_EQ(statement.size(), 6U);
  EXPECT_EQ(statement.received().count(), 0U);
  EXPECT_EQ(statement.received().root(), "root");
  const v1::LocalRequest request = test::must(parse_wire<v1::LocalRequest>(
      bytes_field(2, bytes_field(2, "contact")) + bytes_field(3, number_field(3, 8)),
      Reading::kOpen));
  EXPECT_EQ(request.request_case(), v1::LocalRequest::kAwait);
}

// C-9
TEST(OpenReadingTest, TakesTheLowBitsOfSmallNumbers) {
  constexpr std::uint64_t kTwoTo32 = 1ULL << 32U;
  const auto file =
      test::must(parse_wire<v1::EvidenceFile>(number_field(1, kTwoTo32 + 7), Reading::kOpen));
  EXPECT_EQ(file.version(), 7U);
  const auto request =
      test::must(parse_wire<v1::AwaitRequest>(number_field(2, kTwoTo32 + 99), Reading::kOpen));
  EXPECT_EQ(static_cast<int>(request.stage()), 99);
  for (const std::uint64_t value : {std::uint64_t{2}, kTwoTo32}) {
    const auto node =
        test::must(parse_wire<v1::NodeEnrolment>(number_field(3, value), Reading::kOpen));
    EXPECT_TRUE(node.voice()) << value;
  }
}

// C-9
TEST(OpenReadingTest, StillRefusesWhatIsNoProtobuf) {
  EXPECT_EQ(open<v1::Text>(tag(100, 1) + std::string(7, 'e')), "malformed");
  EXPECT_EQ(open<v1::Text>(tag(100, 5) + std::string(3, 'e')), "malformed");
  EXPECT_EQ(open<v1::Text>(tag(100, 3) + tag(100, 4)), "malformed");  // A group.
  EXPECT_EQ(open<v1::Text>(tag(100, 2) + varint(2) + "x"), "malformed");
  EXPECT_EQ(open<v1::Text>(number_field(1, 5)), "malformed");
  EXPECT_EQ(open<v1::Text>(tag(6, 1) + std::string(8, 'e')), "malformed");  // A varint's field.
  EXPECT_EQ(open<v1::Text>(tag(6, 3) + tag(6, 4)), "malformed");
  for (const unsigned wire_type : {3U, 4U, 6U, 7U}) {
    EXPECT_EQ(open<v1::Text>(tag(100, wire_type)), "malformed") << wire_type;
  }
  EXPECT_EQ(open<v1::Text>(std::string(2, '\0')), "malformed");  // Field 0.
}

// C-9: libprotobuf stops at five bytes, and what is taken here must parse there.
TEST(OpenReadingTest, TagsAndLengthsHaveAtMostFiveBytes) {
  for (const std::size_t length : {2U, 5U, 6U, 10U}) {
    const std::string expected = length <= 5 ? "good" : "malformed";
    for (const unsigned field : {1U, 100U}) {  // One that is known, and one that is not.
      const std::string long_tag = long_varint((field << 3U) | 2U, length) + varint(1) + "x";
      const std::string long_length = tag(field, 2) + long_varint(1, length) + "x";
      EXPECT_EQ(open<v1::Text>(long_tag), expected) << length;
      EXPECT_EQ(open<v1::Text>(long_length), expected) << length;
      for (const std::string& bytes : {long_tag, long_length}) {
        EXPECT_EQ(v1::Text().ParseFromString(bytes), expected == "good") << length;
      }
    }
    EXPECT_EQ(open<v1::Text>(tag(100, 0) + long_varint(1, length)), "good") << length;
  }
}

// C-8: the vocabulary. Each rule of this chapter is decidable for these types and for no others.
TEST(VocabularyTest, HasNoFloatsFixedNumbersGroupsMapsOrRepeatedScalars) {
  const std::set<FieldDescriptor::Type> used = {
      FieldDescriptor::TYPE_STRING, FieldDescriptor::TYPE_BYTES, FieldDescriptor::TYPE_MESSAGE,
      FieldDescriptor::TYPE_ENUM,   FieldDescriptor::TYPE_BOOL,  FieldDescriptor::TYPE_UINT32,
      FieldDescriptor::TYPE_UINT64};
  for (const FileDescriptor* const file : files()) {
    EXPECT_EQ(file->syntax(), FileDescriptor::SYNTAX_PROTO3);
    EXPECT_EQ(file->extension_count(), 0);
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor& type = *file->message_type(i);
      EXPECT_EQ(type.nested_type_count(), 0) << type.full_name();  // Map entries are nested types.
      EXPECT_LE(type.oneof_decl_count(), 1) << type.full_name();
      for (int k = 0; k < type.field_count(); ++k) {
        const FieldDescriptor& field = *type.field(k);
        EXPECT_TRUE(used.contains(field.type())) << field.full_name();
        EXPECT_FALSE(field.is_map()) << field.full_name();
        EXPECT_FALSE(field.has_optional_keyword()) << field.full_name();
        EXPECT_FALSE(field.is_packable() && field.is_repeated()) << field.full_name();
      }
    }
  }
}

std::uint32_t depth_of(const Descriptor& type) {
  std::uint32_t deepest = 0;
  for (int i = 0; i < type.field_count(); ++i) {
    if (const Descriptor* const inner = type.field(i)->message_type(); inner != nullptr) {
      deepest = std::max(deepest, depth_of(*inner));
    }
  }
  return deepest + 1;
}

// C-19: a type that recursed would make this test overflow.
TEST(VocabularyTest, NoValidMessageMeetsTheBoundOnNesting) {
  for (const FileDescriptor* const file : files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      EXPECT_LT(depth_of(*file->message_type(i)), StrictLimits{}.depth_max);
    }
  }
}

}  // namespace
}  // namespace chancery::exchange
