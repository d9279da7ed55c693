// Objects of OpenSSL's that free themselves, and its errors as text. Only for sources that deal with certificates.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace weir::openssl {

template <auto function>
struct Freeing {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};

using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Store = std::unique_ptr<X509_STORE, Freeing<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freeing<X509_STORE_CTX_free>>;

/// What failed first of what OpenSSL remembers; forgets all.
std::string last_error();

/// The first certificate, or the key, in a PEM text; null when there is none. Never asks for a password.
Certificate read_certificate(const std::string& pem);
Key read_key(const std::string& pem);

}  // namespace weir::openssl
