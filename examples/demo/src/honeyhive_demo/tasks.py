"""The worker's side: the Celery application and its one task."""

from typing import Any, cast

import honeyhive_celery
from celery import Celery
from celery.contrib.abortable import AbortableTask
from celery.exceptions import Ignore
from celery.signals import worker_init, worker_ready

from honeyhive_demo.broker import celery_settings
from honeyhive_demo.environment import own_environment

PROGRESS = "PROGRESS"

app = Celery("honeyhive_demo")
app.add_defaults(lambda: celery_settings(own_environment()))
honeyhive_celery.instrument(app)


# Celery makes a class of its own from `base` and cannot do so from a parametrised one.
@app.task(name="answer_question", bind=True, base=cast("type[AbortableTask[..., dict[str, Any]]]", AbortableTask))
def answer_question(self: AbortableTask[..., Any], question: str) -> dict[str, Any]:
    """Answer one question; until it is done, the task's state is `PROGRESS` with what was `said` so far."""
    # The web process imports this module to publish, and has no use for the agent's dependencies.
    from honeyhive_demo.agent import answer

    task_id = str(self.request.id)
    said: list[str] = []

    def stop_if_abandoned() -> None:
        if self.is_aborted(task_id=task_id):
            raise Ignore("nobody is listening any more")

    def publish(text: str) -> None:
        stop_if_abandoned()
        said.append(text)
        self.update_state(state=PROGRESS, meta={"said": "".join(said)})

    stop_if_abandoned()
    result = answer(question, environment=own_environment(), on_text=publish)
    return {"said": "".join(said), "answer": result.text, "modules": result.modules}


@worker_init.connect
def load_agent(**_: object) -> None:
    """Import the agent and build the index before the worker forks, so that its children share them."""
    import honeyhive_langchain
    import honeyhive_llamaindex

    import honeyhive_demo.agent  # noqa: F401  # pyright: ignore[reportUnusedImport]
    from honeyhive_demo.retrieval import retriever

    retriever(own_environment().data_dir)
    honeyhive_langchain.instrument()
    honeyhive_llamaindex.instrument()


@worker_ready.connect
def announce_ready(**_: object) -> None:
    """Leave the sign the supervisor waits for."""
    own_environment().worker_ready_file.touch()
