// Days and minutes in UTC, as the Nexmark queries print them.
#pragma once

#include <string>

#include <weir/base/time.hpp>

namespace nexmark::reference {

std::string day_of(weir::EventTime time);     // 2015-07-15
std::string minute_of(weir::EventTime time);  // 09:41
int hour_of(weir::EventTime time);

}  // namespace nexmark::reference
