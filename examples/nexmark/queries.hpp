// The queries, one function each: what to make of the site's streams, and where the rows go. What each
// means is said beside its definition in queries/.
#pragma once

#include "output.hpp"
#include "site.hpp"

namespace nexmark {

void q0(const Site& site, const Output& output);
void q1(const Site& site, const Output& output);
void q2(const Site& site, const Output& output);
void q3(const Site& site, const Output& output);
void q4(const Site& site, const Output& output);
void q5(const Site& site, const Output& output);
void q6(const Site& site, const Output& output);
void q7(const Site& site, const Output& output);
void q8(const Site& site, const Output& output);
void q9(const Site& site, const Output& output);
void q10(const Site& site, const Output& output);
void q11(const Site& site, const Output& output);
void q12(const Site& site, const Output& output);
void q13(const Site& site, const Output& output);
void q14(const Site& site, const Output& output);
void q15(const Site& site, const Output& output);
void q16(const Site& site, const Output& output);
void q17(const Site& site, const Output& output);
void q18(const Site& site, const Output& output);
void q19(const Site& site, const Output& output);
void q20(const Site& site, const Output& output);
void q21(const Site& site, const Output& output);
void q22(const Site& site, const Output& output);
void q23(const Site& site, const Output& output);

}  // namespace nexmark
