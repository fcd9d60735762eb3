#include "core/exchange/deliver_frame.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "chancery/v1/link.pb.h"

namespace chancery::exchange {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::string by_protobuf(const std::vector<Delivered>& deliveries, Lane lane) {
  v1::DownMessage message;
  v1::Deliver& deliver = *message.mutable_deliver();
  for (const Delivered& each : deliveries) {
    v1::Delivery& delivery = *deliver.add_deliveries();
    delivery.set_index(each.index);
    delivery.set_previous(each.previous);
    delivery.set_envelope(std::string(each.envelope));
  }
  deliver.set_urgent(lane == Lane::kUrgent);
  return message.SerializeAsString();
}

TEST(DeliverFrameTest, IsWhatProtobufWrites) {
  const std::string large(70'000, 'x');
  std::vector<Delivered> all;
  for (const Lane lane : kLanes) {
    EXPECT_EQ(deliver_frame({}, lane), by_protobuf({}, lane));
  }
  for (const std::size_t size : {0U, 1U, 100U, 127U, 128U, 1700U, 16383U, 16384U, 70'000U}) {
    for (const std::uint64_t index : std::initializer_list<std::uint64_t>{0, 1, 127, 128, kMost}) {
      for (const std::uint64_t previous : {std::uint64_t{0}, index}) {
        all.push_back({.index = index,
                       .previous = previous,
                       .envelope = std::string_view(large).substr(0, size)});
        for (const Lane lane : kLanes) {
          ASSERT_EQ(deliver_frame({&all.back(), 1}, lane), by_protobuf({all.back()}, lane));
        }
      }
    }
  }
  for (const Lane lane : kLanes) {
    EXPECT_EQ(deliver_frame(all, lane), by_protobuf(all, lane));
  }
}

}  // namespace
}  // namespace chancery::exchange
