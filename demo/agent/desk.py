"""The support desk of a shop: one model sorts the question, another answers it with three tools."""

from pydantic_ai import Agent, Embedder
from pydantic_ai.models.openai import OpenAIChatModel

from demo.agent.planted import API_KEY, CARD, IBAN, MAIL, order_of

HANDBOOK = {
    "refund": "Refunds are possible within 30 days.",
    "ship": "Parcels leave our warehouse within 2 days.",
    "warranty": "Every product has a warranty of 24 months.",
}
NOTHING_FOUND = "The handbook says nothing about that."

sorter = Agent(OpenAIChatModel("gpt-4o-mini"), name="sorter", instructions="Name the department that is meant.")
desk = Agent(OpenAIChatModel("gpt-4o"), name="desk", instructions=f"Answer customers. The payment service's key is {API_KEY}.")
handbook = Embedder("openai:text-embedding-3-small")


@desk.tool_plain
async def find_customer(customer: str) -> str:
    """Looks a customer up."""
    return f"{customer}: Jane Doe, pays by card {CARD}"


@desk.tool_plain
async def book_refund(order: str, account: str) -> str:
    """Books a refund to an account."""
    return f"refund of {order} to {account} booked with {API_KEY}"


@desk.tool_plain
async def search_handbook(question: str) -> str:
    """Looks for the paragraph that answers a question."""
    await handbook.embed_query(question)
    words = question.lower()
    return next((text for word, text in HANDBOOK.items() if word in words), NOTHING_FOUND)


async def answer(number: int, question: str) -> str:
    """Answers one customer: five calls of chat models, one embedding, three calls of tools."""
    case = f"customer: {MAIL}\norder: {order_of(number)}\naccount: {IBAN}\nquestion: {question}"
    await sorter.run(case)
    return (await desk.run(case)).output
