"""The WSGI application of the node named by `QAFILA_DIR`."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

from qafila.kernel.process import end_with_the_server
from qafila.kernel.roomy import roomy

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
application = roomy(get_wsgi_application())
end_with_the_server()
# What is loaded now stays, and a page makes thousands of objects without cycles: the collector looks seldom.
gc.freeze()
gc.set_threshold(50_000, 20, 50)
# A page asks the database ten times, and each time waits for its turn behind a page that is being drawn: short turns.
sys.setswitchinterval(0.001)
