// Does something with each name in a macro's list of them: WEIR_FIELDS(Type, a, b) is make_field("a", &Type::a), make_field("b", &Type::b).
// The preprocessor has no loops; rescanning a name that a macro leaves behind, 256 times at most, stands for one.
//
// To compilers this is a system's header, only so that they do not list those 256 expansions under an error in a user's list of fields.
#pragma once
#pragma GCC system_header

#define WEIR_PARENS ()
#define WEIR_EXPAND(...) WEIR_EXPAND3(WEIR_EXPAND3(WEIR_EXPAND3(WEIR_EXPAND3(__VA_ARGS__))))
#define WEIR_EXPAND3(...) WEIR_EXPAND2(WEIR_EXPAND2(WEIR_EXPAND2(WEIR_EXPAND2(__VA_ARGS__))))
#define WEIR_EXPAND2(...) WEIR_EXPAND1(WEIR_EXPAND1(WEIR_EXPAND1(WEIR_EXPAND1(__VA_ARGS__))))
#define WEIR_EXPAND1(...) __VA_ARGS__
#define WEIR_FIELDS(Type, field, ...) \
  ::weir::make_field(#field, &Type::field) __VA_OPT__(, WEIR_FIELDS_AGAIN WEIR_PARENS(Type, __VA_ARGS__))
#define WEIR_FIELDS_AGAIN() WEIR_FIELDS
