"""The journal: segments of OTLP records in the data directory, appended by one process each (design decision 3)."""

from honeyhive.export.journal.adoption import Adoption as Adoption
from honeyhive.export.journal.journal import Journal as Journal
from honeyhive.export.journal.reading import JournalContent as JournalContent
from honeyhive.export.journal.reading import read_journal as read_journal
from honeyhive.export.journal.segment import Place as Place
