#include "core/exchange/kind_texts.h"

#include <gtest/gtest.h>

#include "chancery/v1/notices.pb.h"

namespace chancery::exchange {
namespace {

TEST(KindTextsTest, AllTextsOfAContentAreThere) {
  v1::AssistanceRequest request;
  request.set_situation("flood");
  for (const char* const item : {"pumps", "boats"}) {
    v1::AssistanceItem& each = *request.add_items();
    each.set_item(item);
    each.set_quantity(12);
    each.set_unit("piece");
  }
  EXPECT_EQ(content_texts("assistance.request", request.SerializeAsString()),
            "flood\npumps\npiece\nboats\npiece\n");
  v1::ThreatAlert alert;
  alert.set_category(v1::THREAT_CATEGORY_CYBER);
  alert.add_areas("north");
  alert.add_areas("south");
  EXPECT_EQ(content_texts("threat.alert", alert.SerializeAsString()), "north\nsouth\n");
}

TEST(KindTextsTest, BytesAreNoWordsAndNeitherIsWhatIsNotKnown) {
  v1::Acknowledgement acknowledgement;
  acknowledgement.set_notice("thirty-two bytes, or not");
  acknowledgement.set_remark("seen");
  const std::string content = acknowledgement.SerializeAsString();
  EXPECT_EQ(content_texts("acknowledgement", content), "seen\n");
  EXPECT_EQ(content_texts("weather.report", content), "");
  EXPECT_EQ(content_texts("acknowledgement", "\xff"), "");
  EXPECT_EQ(content_texts("acknowledgement", ""), "");
}

}  // namespace
}  // namespace chancery::exchange
