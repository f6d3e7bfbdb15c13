"""The WSGI application of the node named by `QAFILA_DIR`."""

import os

from django.core.wsgi import get_wsgi_application

from qafila.kernel.process import end_with_the_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
application = get_wsgi_application()
end_with_the_server()
