"""A test must not fail because the machine is busy: hypothesis sets no deadlines here.

And a signal to this process may go to any thread of it that does not block it; those that libraries
have started in other tests do not. A test marked `own_process` runs in a child, which has none.
"""

import os
import traceback
import warnings

import pytest
from hypothesis import settings

settings.register_profile("fasttrace", deadline=None)
settings.load_profile("fasttrace")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("own_process") is None:
        return None
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there are threads: that is why
        child = os.fork()
    if not child:
        status = 0
        try:
            pyfuncitem.obj(**given)
        except BaseException:
            os.write(writing, traceback.format_exc().encode()[-60_000:])
            status = 1
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as told:
        failure = told.read()
    _, status = os.waitpid(child, 0)
    if status:
        pytest.fail(failure or f"its process ended with {os.waitstatus_to_exitcode(status)}", False)
    return True
