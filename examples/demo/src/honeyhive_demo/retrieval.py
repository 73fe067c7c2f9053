"""Finding the documentation that answers a query: LlamaIndex's BM25 over pydoc's text, and the pages service."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

import httpx
from honeyhive.integration import inject
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, NodeWithScore
from llama_index.retrievers.bm25 import BM25Retriever  # pyright: ignore[reportMissingTypeStubs]  # has no py.typed

from honeyhive_demo import documentation
from honeyhive_demo.environment import DemoEnvironment

_CHUNK_SIZE_WORDS = 160
_HITS = 4
_PAGE_TIMEOUT_S = 60.0


class Page(TypedDict):
    """What the pages service answers about one module."""

    module: str
    text: str
    abstract: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The text handed to the model, and the modules it came from, best first."""

    text: str
    modules: tuple[str, ...]


def search_documentation(query: str, *, environment: DemoEnvironment) -> Findings:
    """Retrieve the passages nearest to `query` and the page of the best one's module.

    Raises httpx.HTTPError when the pages service does not answer.
    """
    hits = retriever(environment.data_dir).retrieve(query)
    modules = tuple(dict.fromkeys(_module(hit) for hit in hits))
    headers: dict[str, str] = {}
    inject(headers, url=environment.pages_url)
    page = fetch_page(environment.pages_url, modules[0], question=query, headers=headers)
    passages = "\n\n".join(f"[{_module(hit)}]\n\n{hit.text}" for hit in hits)
    return Findings(f"About {page['module']}:\n\n{page['abstract']}\n\n{page['text']}\n\n{passages}", modules)


def fetch_page(pages_url: str, module: str, *, question: str, headers: dict[str, str]) -> Page:
    """Ask the pages service for one module's page; raises httpx.HTTPError when it does not answer with one."""
    response = _http_client().get(f"{pages_url}/pages/{module}", params={"question": question}, headers=headers)
    page: Page = response.raise_for_status().json()
    return page


@cache
def retriever(data_dir: Path) -> BM25Retriever:
    """Return this process's index over the documentation, built at the first call."""
    documents = [
        Document(text=documentation.module_text(module, data_dir), metadata={"module": module})
        for module in documentation.MODULES
    ]
    # LlamaIndex counts with tiktoken and splits with nltk unless told otherwise, and both may want to download.
    splitter = SentenceSplitter(
        chunk_size=_CHUNK_SIZE_WORDS,
        chunk_overlap=0,
        paragraph_separator="\n\n",
        tokenizer=str.split,
        chunking_tokenizer_fn=str.splitlines,
    )
    return BM25Retriever(nodes=splitter.get_nodes_from_documents(documents), similarity_top_k=_HITS)


@cache
def _http_client() -> httpx.Client:
    # The page is on loopback; with --live the environment may hold a proxy, which is for the model alone.
    return httpx.Client(timeout=_PAGE_TIMEOUT_S, trust_env=False)


def _module(hit: NodeWithScore) -> str:
    return str(hit.metadata["module"])
