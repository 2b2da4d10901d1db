"""Deploys the template to an emulator and prints its outputs, or takes one right from the functions' policy.

deploy.py URL deploy EVENTS ACTIONS NAME=VALUE…
deploy.py URL machine NAME=VALUE…            (the template of one more machine)
deploy.py URL without SID [POLICY]           (an empty SID takes nothing)
deploy.py URL keep NAME TEXT                 (as a parameter of SSM, encrypted)
deploy.py URL look                           (does what the schedule does, and prints what came back)
deploy.py URL user POLICY                    (prints the keys of somebody with that policy and no other)
"""

import io
import json
import pathlib
import sys
import time
import zipfile

import botocore.session

STACK, BUCKET, REGION = "poco", "code", "eu-central-1"
INFRA = pathlib.Path(__file__).parents[2] / "infra"

session = botocore.session.get_session()


def client(service: str):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return session.create_client(service, region_name=REGION, endpoint_url=sys.argv[1], **keys)


def zipped(program: str) -> bytes:
    packed = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, pathlib.Path(program).read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return packed.getvalue()


def deploy(programs: dict[str, str], parameters: list[str]) -> None:
    template = (INFRA / "template.yaml").read_text()
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name, program in programs.items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=zipped(program))
        template = template.replace(f"../target/lambda/{name}", f"s3://{BUCKET}/{name}")
    create(STACK, template, parameters)


def create(name: str, template: str, parameters: list[str]) -> None:
    stacks = client("cloudformation")
    given = [parameter.split("=", 1) for parameter in parameters]
    stacks.create_stack(
        StackName=name,
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given],
    )
    while (stack := stacks.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
        time.sleep(0.05)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    print(json.dumps({output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}))


def take_away(sid: str, name: str = "FunctionPolicy") -> None:
    iam = client("iam")
    policies = iam.list_policies(Scope="Local")["Policies"]
    (policy,) = [it for it in policies if name in it["PolicyName"]]
    versions = iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
    # The first is the template's.
    first = min(versions, key=lambda it: int(it["VersionId"][1:]))
    document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=first["VersionId"])["PolicyVersion"]["Document"]
    left = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    assert len(left) == len(document["Statement"]) - (1 if sid else 0), sid
    for version in versions:
        if version is not first and not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
    text = json.dumps({**document, "Statement": left})
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=text, SetAsDefault=True)


def look() -> None:
    events, functions = client("events"), client("lambda")
    (rule,) = [it for it in events.list_rules()["Rules"] if STACK in it["Name"]]
    assert rule["State"] == "ENABLED", rule
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    name = target["Arn"].rsplit(":", 1)[-1]
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    callers = {it["Principal"]["Service"]: it["Condition"]["ArnLike"]["AWS:SourceArn"] for it in policy["Statement"]}
    assert callers["events.amazonaws.com"] == rule["Arn"], callers
    answer = functions.invoke(FunctionName=name, Payload=target["Input"])
    print(json.dumps({"every": rule["ScheduleExpression"], "answer": json.load(answer["Payload"])}))


if sys.argv[2] == "deploy":
    events, actions, *rest = sys.argv[3:]
    deploy({"events": events, "actions": actions}, rest)
elif sys.argv[2] == "machine":
    create(f"{STACK}-machine", (INFRA / "runner.yaml").read_text(), sys.argv[3:])
elif sys.argv[2] == "user":
    iam = client("iam")
    iam.create_user(UserName="machine")
    iam.attach_user_policy(UserName="machine", PolicyArn=sys.argv[3])
    key = iam.create_access_key(UserName="machine")["AccessKey"]
    print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
elif sys.argv[2] == "keep":
    client("ssm").put_parameter(Name=sys.argv[3], Value=sys.argv[4], Type="SecureString")
elif sys.argv[2] == "look":
    look()
else:
    take_away(*sys.argv[3:])
