// What can't be put back into a database that is made anew, while all the rest is: one row or one key must
// not keep everything else from coming back.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "orchestrator/base/failure.h"

namespace rehearse::postgresql {

class Problems {
  public:
    /// True where `failure` lies in the rows or in an object, so that trying again would not help and the
    /// rest can go on: then it is kept. False for the surroundings (the connection, the disk, rights).
    bool take(const Failure& failure);
    void keep(const Failure& failure);
    /// Fails: permanent, with all that was kept, once the database is in its place.
    void tell(const std::string& database) const;

  private:
    std::mutex mutex_;
    std::vector<std::string> kept_;
};

}  // namespace rehearse::postgresql
